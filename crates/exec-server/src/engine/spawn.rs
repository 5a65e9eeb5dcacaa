//! From a request to a process in its own group, known to the guardian.

use std::fs::{self, File};
use std::io::{self, PipeWriter, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use super::error::CommandError;
use super::guardian::Pipes;
use super::input::Inlet;
use super::job::{Job, Times};
use super::outlet::Outlet;
use super::request::Request;
use super::running::Running;
use super::{Core, Settings};

/// Starts what `request` asks for.
pub(super) fn spawn(core: &Arc<Core>, request: &Request<'_>) -> Result<Running, CommandError> {
    let Settings { shell, dir, .. } = &core.settings;
    let mut command = Command::new(shell);
    // Nothing here that would keep std from posix_spawn (uid, gid, groups, pre_exec, a PATH that
    // differs): fork is 17 times slower in a process of a thousand threads.
    command.arg("-c").arg(request.argument()?).process_group(0);
    if let Some(dir) = dir {
        command.current_dir(dir);
    }
    for name in &core.hidden {
        command.env_remove(name);
    }
    let (out, out_writer, out_inode) = output().map_err(CommandError::Pipe)?;
    let (err, err_writer, err_inode) = output().map_err(CommandError::Pipe)?;
    let (input, inlet) = input(request).map_err(CommandError::Pipe)?;
    command.stdin(input).stdout(out_writer).stderr(err_writer);

    let child = start_registered(core, &mut command, [out_inode, err_inode])?;
    // It holds the pipes' other ends, which must be the command's alone.
    drop(command);

    let outlets = [out, err].map(|pipe| Arc::new(Outlet::new(pipe)));
    let times = Times {
        deadline: request
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout)),
        grace: core.settings.grace,
        drain: core.settings.drain,
        keep_background: core.settings.keep_background,
    };
    let guardian = Arc::clone(&core.guardian);
    let job = Job::new(child, outlets.clone(), inlet.clone(), guardian, times);
    Ok(Running::new(Arc::clone(core), job, outlets, inlet))
}

fn start_registered(
    core: &Core,
    command: &mut Command,
    pipes: Pipes,
) -> Result<Child, CommandError> {
    core.guardian
        .announce(pipes)
        .map_err(CommandError::Guardian)?;
    let mut child = command.spawn().map_err(|source| {
        core.guardian.withdraw(pipes);
        why_not_started(&core.settings, source)
    })?;
    match core.guardian.register(child.id(), pipes) {
        Ok(()) => Ok(child),
        Err(error) => {
            // Only the shell, which has hardly begun: without a guardian std reaches no more.
            let _ = child.kill();
            let _ = child.wait();
            core.guardian.withdraw(pipes);
            Err(CommandError::Guardian(error))
        }
    }
}

/// std has one error for a shell and for a directory that is not there.
fn why_not_started(settings: &Settings, source: io::Error) -> CommandError {
    if let Some(dir) = &settings.dir
        && let Err(source) = fs::read_dir(dir)
    {
        return CommandError::Dir {
            dir: dir.clone(),
            source,
        };
    }
    CommandError::Shell {
        shell: settings.shell.clone(),
        source,
    }
}

fn input(request: &Request<'_>) -> io::Result<(Stdio, Option<Arc<Inlet>>)> {
    if !request.stdin {
        return Ok((Stdio::null(), None));
    }
    let (reader, writer) = pipe()?;
    Ok((reader.into(), Some(Arc::new(Inlet::new(writer)))))
}

/// A pipe for output, and the number by which the guardian knows it again.
fn output() -> io::Result<(File, PipeWriter, u64)> {
    let (reader, writer) = pipe()?;
    let reader = File::from(OwnedFd::from(reader));
    let inode = reader.metadata()?.ino();
    Ok((reader, writer, inode))
}
