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

use crate::deadline::{A_MOMENT, SOON, poll};
use crate::keeper;
use crate::output::Output;
use crate::procfs;
use crate::say;
use crate::signal::Signal;

/// A process that a test has started, in a process group of its own. When this value is dropped,
/// the whole group is killed and the process is reaped. The group is also killed when the test
/// process ends in any way.
///
/// The methods that wait panic when the time is up, and show the process's output.
#[derive(Debug)]
pub struct Process {
    child: Child,
    command: String,
    /// Sends to the thread that writes to the process's standard input; `None` once that was
    /// closed.
    stdin: Option<Sender<Vec<u8>>>,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
}

impl Process {
    /// Starts `command` with pipes for its three standard streams.
    #[track_caller]
    pub fn spawn(command: Command) -> Self {
        Self::spawn_to(command, Stdio::piped())
    }

    /// Starts `command` with another standard output. [`Process::stdout`] is empty then, unless it
    /// is a pipe.
    #[track_caller]
    pub fn spawn_to(command: Command, stdout: Stdio) -> Self {
        Self::start(command, Stdio::piped(), stdout)
    }

    /// Starts `command` with another standard input. [`Process::send`] does nothing then.
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
        let mut command = with_default_sigint(command);
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
            // Writes in a thread, so that a process that does not read does not block the test.
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

    /// Its process ID, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends bytes to its standard input, without waiting for it to read them.
    pub fn send(&self, bytes: &[u8]) {
        if let Some(stdin) = &self.stdin {
            // It fails if the process no longer reads, which the test notices later.
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
            None => self.fail(&say!(
                "no further line on standard output",
                "标准输出上没有下一行"
            )),
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
        self.wait_exit_or(within, &say!("still running", "还在运行"))
    }

    /// Waits until it ends; fails with `what` if it does not.
    #[track_caller]
    pub fn wait_exit_or(&mut self, within: Duration, what: &str) -> ExitStatus {
        match poll(within, || self.child.try_wait().transpose()) {
            Some(Ok(status)) => {
                // What it wrote last may still be in the pipes, which its children may hold open.
                for output in [&self.stdout, &self.stderr] {
                    output.wait(A_MOMENT, |_, ended| ended.then_some(()));
                }
                status
            }
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

    /// Sends a signal to it, but not to its children. Once it was reaped, this does nothing,
    /// because another process may have its ID.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) {
        if self.is_running() && !signal.to_process(self.pid()) && self.is_running() {
            self.fail(&format!("cannot be sent {signal:?}"));
        }
    }

    /// Stops it with `SIGSTOP`, and returns once all its threads have stopped. [`Signal::Continue`]
    /// continues it.
    #[track_caller]
    pub fn halt(&mut self) {
        self.signal(Signal::Stop);
        let pid = self.pid();
        let halted = || procfs::is_halted(pid).ok()?.then_some(());
        if poll(SOON, halted).is_none() {
            self.fail("does not stop");
        }
    }

    /// Fails the test with `what` and the state and output of this process.
    #[track_caller]
    pub fn fail(&self, what: &str) -> ! {
        // Its last words may still be on their way.
        self.stderr.wait(A_MOMENT, |_, ended| ended.then_some(()));
        let seen = say!(
            "process {}: {}\n  its standard output: {:?}\n  its standard error: {:?}",
            "进程 {}：{}\n  它的标准输出：{:?}\n  它的标准错误：{:?}",
            self.pid(),
            self.command,
            self.stdout.text(),
            self.stderr.text(),
        );
        panic!("{what}\n  {seen}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The kernel does not reuse a process ID while a group of that number exists, so this
        // reaches only what the process has left behind.
        Signal::Kill.to_group(self.child.id());
        keeper::forget(self.child.id());
        let _ = self.child.wait();
    }
}

/// Waits until a process that the test has not started itself has ended.
#[track_caller]
pub fn assert_ends(pid: u32) {
    let ended = || procfs::stat(pid).map_or(true, |stat| stat.state == 'Z');
    assert!(
        poll(SOON, || ended().then_some(())).is_some(),
        "process {pid} is still alive"
    );
}

/// The same command with a limit on open files (`ulimit -n`).
pub fn with_open_files(command: &Command, most: usize) -> Command {
    limited(command, "-n", most as u64)
}

/// Lowers the limit on open files of a running process to `more` above those that it has open.
/// False if that is not possible here.
pub fn lower_open_files(process: &Process, more: usize) -> bool {
    let open = procfs::open_files(process.pid()).unwrap_or_default();
    Command::new("prlimit")
        .args(["--pid", &process.pid().to_string()])
        .arg(format!("--nofile={}", open + more))
        .status()
        .is_ok_and(|status| status.success())
}

/// The same command with a limit on its address space in bytes (`ulimit -v`): it aborts if it
/// allocates more.
pub fn with_address_space(command: &Command, most: u64) -> Command {
    limited(command, "-v", most / 1024)
}

/// The `PATH` of the tests without the folders that this user may not enter. Because of such a
/// folder, a shell reports "permission denied" for an unknown program instead of "not found".
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

/// The same command with the default action for `SIGINT`. A shell starts background jobs (`cargo
/// test &` in a script) with `SIGINT` ignored, which their children inherit. std cannot change
/// that, but `env` can.
fn with_default_sigint(command: Command) -> Command {
    match procfs::ignores_interrupts() {
        Ok(true) => run_by(&["/usr/bin/env", "--default-signal=INT,QUIT"], &command),
        _ => command,
    }
}

/// `words` with the command's program and arguments after them.
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
