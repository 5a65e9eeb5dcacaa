//! Starts the process of a request in its own group, and registers it with the guardian.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::error::EngineError;
use super::input::Input;
use super::job::Job;
use super::outlet::Outlet;
use super::request::Request;
use super::running::{Hold, Running};
use super::{Engine, NO_GUARDIAN, SHELL, Settings, os};

impl Engine {
    /// Starts a command. Its output stays in its pipes until it is pumped.
    ///
    /// # Errors
    ///
    /// [`EngineError`], if the command was not started.
    pub fn spawn(self: &Arc<Self>, request: Request<'_>) -> Result<Running, EngineError> {
        let argument = request.argument()?;
        // Do not use settings that keep std from posix_spawn (uid, gid, groups, pre_exec, another
        // PATH): fork is 17 times slower in a process of a thousand threads.
        let mut command = match &self.setsid {
            // The child leads no group yet, so setsid(1) makes it the leader of a session and a
            // group without a fork: both have the child's process ID.
            Some(setsid) => {
                let mut command = Command::new(setsid);
                command.arg(SHELL);
                command
            }
            None => {
                let mut command = Command::new(SHELL);
                command.process_group(0);
                command
            }
        };
        command.args(["-c", "--"]).arg(argument);
        if let Some(dir) = &self.settings.dir {
            command.current_dir(dir);
        }
        for name in &self.hidden {
            command.env_remove(name);
        }
        let no_pipe = |why| EngineError::Failed("cannot make a pipe", why);
        let (out, out_writer) = os::output().map_err(no_pipe)?;
        let (err, err_writer) = os::output().map_err(no_pipe)?;
        command.stdout(out_writer).stderr(err_writer);
        let mut input = None;
        if request.stdin {
            let (writer, reader) = os::input().map_err(no_pipe)?;
            input = Some(writer);
            command.stdin(reader);
        } else {
            command.stdin(Stdio::null());
        }

        let child = self.start_registered(&mut command)?;
        // `command` holds copies of the shell's ends of the pipes, which only the shell may hold.
        drop(command);

        let outlets = [out, err].map(|pipe| Arc::new(Outlet::new(pipe)));
        let weak = outlets.each_ref().map(Arc::downgrade);
        let job = Arc::new(Job::new(child, weak, Arc::clone(self), request));
        self.clock.add(Arc::clone(&job));
        let input = input.map(|pipe| Input::new(pipe, Arc::clone(&job)));
        Ok(Running {
            outlets,
            input,
            hold: Hold { job },
        })
    }

    fn start_registered(&self, command: &mut Command) -> Result<Child, EngineError> {
        let mut child = command
            .spawn()
            .map_err(|source| why_not_started(&self.settings, source))?;
        if let Err(error) = self.guardian.register(child.id()) {
            // Without a guardian std can kill only the shell, which has just started.
            let _ = child.kill();
            let _ = child.wait();
            return Err(EngineError::Failed(NO_GUARDIAN, error));
        }
        Ok(child)
    }
}

/// std returns the same error if the shell cannot be started or the directory cannot be entered.
pub(super) fn why_not_started(settings: &Settings, source: io::Error) -> EngineError {
    match &settings.dir {
        Some(dir) if let Err(why) = fs::metadata(dir.join(".")) => {
            EngineError::Dir(dir.clone(), why)
        }
        _ => EngineError::Failed("cannot start /bin/sh", source),
    }
}
