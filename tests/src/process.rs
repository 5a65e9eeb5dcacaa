//! One running process: its streams, signals and end.

use std::env;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::deadline::{SOON, poll};
use crate::keeper;
use crate::output::Output;
use crate::procfs;
use crate::signal::Signal;

/// A process that a test has started, in a process group of its own. When this value is dropped
/// the whole group is killed and the process is waited for. The group is killed as well when the
/// test process ends, however it ends.
///
/// The methods that wait panic when the time is up, and show the process's output when they do.
#[derive(Debug)]
pub struct Process {
    child: Child,
    command: String,
    /// Its thread writes to the process's standard input; without it, that is at its end.
    stdin: Option<Sender<Vec<u8>>>,
    /// What it has written to its standard output.
    pub stdout: Output,
    /// What it has written to its standard error.
    pub stderr: Output,
}

impl Process {
    /// Starts `command` with pipes for its three standard streams.
    #[track_caller]
    pub fn spawn(command: Command) -> Self {
        Self::spawn_to(command, Stdio::piped())
    }

    /// Starts `command` with its standard output somewhere else, [`Process::stdout`] then being
    /// empty unless it is a pipe.
    #[track_caller]
    pub fn spawn_to(command: Command, stdout: Stdio) -> Self {
        Self::start(command, Stdio::piped(), stdout)
    }

    /// Starts `command` with its standard input from somewhere else, so that what a test would
    /// [`Process::send`] goes nowhere.
    #[track_caller]
    pub fn spawn_from(command: Command, stdin: impl Into<Stdio>) -> Self {
        Self::start(command, stdin.into(), Stdio::piped())
    }

    /// Starts `command` with a listener as its standard input, as inetd and systemd do for servers
    /// that are started on demand.
    #[track_caller]
    pub fn spawn_on_listener(command: Command, listener: TcpListener) -> Self {
        Self::spawn_from(command, OwnedFd::from(listener))
    }

    #[track_caller]
    fn start(command: Command, stdin: Stdio, stdout: Stdio) -> Self {
        let shown = format!("{command:?}");
        let mut command = minding_interrupts(command);
        if !command.get_envs().any(|(name, _)| name == "PATH") {
            command.env("PATH", search_path());
        }
        command
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(why) => panic!("cannot start {shown}: {why}"),
        };
        keeper::watch(child.id());
        let stdin = child.stdin.take().map(|mut pipe| {
            let (sender, pieces) = mpsc::channel::<Vec<u8>>();
            // Writing in a thread keeps a test from being held up by a process that does not read.
            thread::spawn(move || pieces.iter().try_for_each(|piece| pipe.write_all(&piece)));
            sender
        });
        Self {
            stdin,
            stdout: Output::collect(child.stdout.take()),
            stderr: Output::collect(child.stderr.take()),
            child,
            command: shown,
        }
    }

    /// Its process id, which is its group's too.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends bytes to its standard input, without waiting for it to read them.
    pub fn send(&self, bytes: &[u8]) {
        if let Some(stdin) = &self.stdin {
            // It fails when the process no longer reads, which the test sees from what follows.
            let _ = stdin.send(bytes.to_vec());
        }
    }

    /// Sends one line to its standard input.
    pub fn send_line(&self, line: &str) {
        self.send(format!("{line}\n").as_bytes());
    }

    /// Ends its standard input, after all that was sent.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for the next line of its standard output.
    #[track_caller]
    pub fn wait_line(&mut self, within: Duration) -> String {
        match self.stdout.next_line(within) {
            Some(line) => line,
            None => self.fail("no further line on standard output"),
        }
    }

    /// Waits until its standard output has `text` in it.
    #[track_caller]
    pub fn wait_stdout(&self, text: &str, within: Duration) {
        if !has(&self.stdout, text, within) {
            self.fail(&format!("no {text:?} on standard output"));
        }
    }

    /// Waits until its standard error has `text` in it.
    #[track_caller]
    pub fn wait_stderr(&self, text: &str, within: Duration) {
        if !has(&self.stderr, text, within) {
            self.fail(&format!("no {text:?} on standard error"));
        }
    }

    /// Waits until it ends.
    #[track_caller]
    pub fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        self.wait_exit_or(within, "still running")
    }

    /// Waits until it ends; fails with `what` if it does not.
    #[track_caller]
    pub fn wait_exit_or(&mut self, within: Duration, what: &str) -> ExitStatus {
        match poll(within, || self.child.try_wait().transpose()) {
            Some(Ok(status)) => status,
            Some(Err(why)) => self.fail(&format!("cannot be waited for ({why})")),
            None => self.fail(what),
        }
    }

    /// Ends its standard input, waits until it and both its output streams end, and hands over all
    /// that it has written.
    #[track_caller]
    pub fn finish(&mut self, within: Duration) -> process::Output {
        self.close_stdin();
        let status = self.wait_exit(within);
        let ended = |output: &Output| output.wait(within, |_, ended| ended.then_some(()));
        if ended(&self.stdout).is_none() || ended(&self.stderr).is_none() {
            self.fail("it ended, but something it has started still holds its output open");
        }
        process::Output {
            status,
            stdout: self.stdout.bytes(),
            stderr: self.stderr.bytes(),
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal to it, and not to the processes that it has started. Once it has been waited
    /// for this does nothing: its process id may by then be another's.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) {
        if self.is_running() && !signal.to_process(self.pid()) && self.is_running() {
            self.fail(&format!("cannot be sent {signal:?}"));
        }
    }

    /// Halts it, and returns once the kernel says that it has halted. [`Signal::Continue`] lets it
    /// go on.
    #[track_caller]
    pub fn halt(&mut self) {
        self.signal(Signal::Stop);
        let pid = self.pid();
        let halted = || procfs::is_halted(pid).ok()?.then_some(());
        if poll(SOON, halted).is_none() {
            self.fail("does not halt");
        }
    }

    /// Fails the test with `what` and all that is known of this process.
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        panic!(
            "{what}\n  process {}: {}\n  its standard output: {:?}\n  its standard error: {:?}",
            self.pid(),
            self.command,
            self.stdout.text(),
            self.stderr.text(),
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The kernel gives a process id to no new process while a group of that number lives, so
        // this reaches what the process has left behind and nobody else.
        Signal::Kill.to_group(self.child.id());
        keeper::forget(self.child.id());
        let _ = self.child.wait();
    }
}

/// Waits until a process that a test has not started itself has ended, whoever has to reap it.
#[track_caller]
pub fn assert_ends(pid: u32) {
    let ended = || procfs::stat(pid).map_or(true, |stat| stat.state == 'Z');
    assert!(
        poll(SOON, || ended().then_some(())).is_some(),
        "process {pid} lives on"
    );
}

/// The same command, started with at most `most` open file descriptors (`ulimit -n`).
pub fn with_open_files(command: &Command, most: usize) -> Command {
    limited(command, "-n", most as u64)
}

/// Lets a process that runs open only `more` files more than it has open now; false where that cannot
/// be done here.
pub fn lower_open_files(process: &Process, more: usize) -> bool {
    let open = procfs::open_files(process.pid()).unwrap_or_default();
    Command::new("prlimit")
        .args(["--pid", &process.pid().to_string()])
        .arg(format!("--nofile={}", open + more))
        .status()
        .is_ok_and(|status| status.success())
}

/// The same command, started with at most `most` bytes of address space (`ulimit -v`): it dies where
/// it asks for more.
pub fn with_address_space(command: &Command, most: u64) -> Command {
    limited(command, "-v", most / 1024)
}

/// The `PATH` of the tests, without the folders that this user may not enter. Where there is one, a
/// shell says of a program that is nowhere "permission denied" and not "not found".
pub fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let may_be_entered = |folder: &PathBuf| {
        let found = folder.join(".").metadata();
        !found.is_err_and(|why| why.kind() == ErrorKind::PermissionDenied)
    };
    let folders = env::split_paths(&path).filter(may_be_entered);
    env::join_paths(folders).unwrap_or(path)
}

fn limited(command: &Command, which: &str, most: u64) -> Command {
    let limit = "ulimit \"$0\" \"$1\" && shift && exec \"$@\"";
    run_by(&["/bin/sh", "-c", limit, which, &most.to_string()], command)
}

/// The same command, with Ctrl-C's signal as a terminal would have it: the shell starts what it runs
/// in the background (`cargo test &` in a script) with that signal ignored, all that this starts
/// inherits it, and std cannot change it. `env` can.
fn minding_interrupts(command: Command) -> Command {
    match procfs::ignores_interrupts() {
        Ok(true) => run_by(&["/usr/bin/env", "--default-signal=INT,QUIT"], &command),
        _ => command,
    }
}

/// The command, run by `words`, to which its program and arguments are added.
fn run_by(words: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(words[0]);
    outer
        .args(&words[1..])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}

fn has(output: &Output, text: &str, within: Duration) -> bool {
    let text = text.as_bytes();
    let found = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    output
        .wait(within, |bytes, _| found(bytes).then_some(()))
        .is_some()
}
