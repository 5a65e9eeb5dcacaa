//! The guardian: a process that outlives the server, and ends the commands that the server leaves
//! behind.
//!
//! A server that is killed with SIGKILL cannot clean up. So the engine starts one `/bin/sh`
//! (`guardian.sh`) in a process group of its own, which the terminal's Ctrl-C does not reach. The
//! server tells it of every command through a socket, which the kernel closes when the server dies
//! for any reason. Then the guardian sends TERM to the remaining commands, and KILL after the
//! grace. It is a socket and not a pipe, because another process of the user may stop the guardian
//! and std has no timeouts for pipes. A guardian that does not answer in time is replaced like a
//! dead one.
//!
//! The engine also uses the guardian to signal process groups, which std cannot do. The shell's
//! builtin `kill` costs a line and an answer, but no process.
//!
//! If the server is killed between a command's start and its registration, that command is left
//! behind. These are microseconds, and milliseconds on a busy machine.
//!
//! **After the server's death** the guardian is not the parent of the commands, so it cannot keep
//! the kernel from reusing a group's number. It checks ten times a second and forgets every group
//! that is gone: another process would have to get the number within a tenth of a second.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::is_timeout;
use proto::sync::lock;

const SCRIPT: &str = include_str!("guardian.sh");

/// How long a guardian may take to answer or to read. It needs microseconds, but more on a busy
/// machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The signals for a process group, as the guardian reads them.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Signal {
    Term = b'T',
    Kill = b'K',
}

/// The guardian process and the groups registered with it. If it dies, a new one is started and
/// gets all the groups.
pub(super) struct Guardian {
    inner: Mutex<Inner>,
    /// Held from a signal to its answer, which may take long. A command that starts meanwhile must
    /// not wait to be registered: if the server were killed, it would be left behind.
    answer: Mutex<()>,
}

struct Inner {
    shell: PathBuf,
    grace: Duration,
    process: Process,
    groups: Vec<u32>,
}

impl Guardian {
    /// Starts a guardian, run by `shell`, with `grace` between TERM and KILL.
    pub(super) fn start(shell: PathBuf, grace: Duration) -> io::Result<Self> {
        Ok(Self {
            inner: Mutex::new(Inner {
                process: Process::start(&shell, grace)?,
                shell,
                grace,
                groups: Vec::new(),
            }),
            answer: Mutex::default(),
        })
    }

    /// Tells the guardian that a command runs in `group`.
    pub(super) fn register(&self, group: u32) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        inner.send('+', group)?;
        inner.groups.push(group);
        Ok(())
    }

    /// Tells the guardian that the command in `group` has ended.
    ///
    /// It does not wait for an answer: the guardian reads lines in order, so once the line is
    /// written, neither a later line nor the server's end can make it signal this group.
    pub(super) fn dismiss(&self, group: u32) {
        let mut inner = lock(&self.inner);
        inner.groups.retain(|&other| other != group);
        // If it fails, the guardian is gone, and its successor will not know the group.
        let _ = inner.send('-', group);
    }

    /// Sends `signal` to `group`, and returns once it is sent. A group without processes is not an
    /// error. `job.rs` says why the number belongs to no other group.
    pub(super) fn signal(&self, group: u32, signal: Signal) -> io::Result<()> {
        let verb = char::from(signal as u8);
        let _answer = lock(&self.answer);
        let socket = Arc::clone(&lock(&self.inner).process.socket);
        if send(&socket, verb, group).is_ok() {
            return Ok(());
        }
        let mut inner = lock(&self.inner);
        inner.replace()?;
        send(&inner.process.socket, verb, group)
    }

    /// Replaces a guardian that has died.
    pub(super) fn look_after(&self) {
        let mut inner = lock(&self.inner);
        if !matches!(inner.process.child.try_wait(), Ok(None)) {
            // If no new guardian starts, the next command is refused with the reason.
            let _ = inner.replace();
        }
    }

    /// The guardian's process ID.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn pid(&self) -> u32 {
        lock(&self.inner).process.child.id()
    }
}

impl Inner {
    /// Sends a line to the guardian or, if that fails, to a new one.
    fn send(&mut self, verb: char, group: u32) -> io::Result<()> {
        if send(&self.process.socket, verb, group).is_ok() {
            return Ok(());
        }
        self.replace()?;
        send(&self.process.socket, verb, group)
    }

    fn replace(&mut self) -> io::Result<()> {
        // If it were still alive, the end of its input would make it end every command.
        let _ = self.process.child.kill();
        self.process = Process::start(&self.shell, self.grace)?;
        for group in &self.groups {
            send(&self.process.socket, '+', *group)?;
        }
        Ok(())
    }
}

/// The guardian's process, and the socket that is its stdin and stdout.
struct Process {
    child: Child,
    socket: Arc<UnixStream>,
}

impl Process {
    fn start(shell: &PathBuf, grace: Duration) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        ours.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        let theirs = OwnedFd::from(theirs);
        let tenths = grace.as_millis().div_ceil(100).min(u32::MAX.into());
        let mut command = Command::new(shell);
        command
            .args(["-c", SCRIPT, "exec-server-guardian", &tenths.to_string()])
            // It may outlive the server, so it must not hold the server's directory, terminal or
            // secrets.
            .current_dir("/")
            .env_clear()
            .process_group(0)
            .stdin(theirs.try_clone()?)
            .stdout(theirs)
            .stderr(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let child = command.spawn()?;
        // `command` holds a copy of the guardian's end of the socket, which only the guardian may
        // hold.
        drop(command);
        let process = Self {
            child,
            socket: Arc::new(ours),
        };
        send(&process.socket, 'P', 0)?;
        Ok(process)
    }
}

/// Writes one line in one write, and waits for the answer unless it only adds or removes a group.
fn send(mut socket: &UnixStream, verb: char, group: u32) -> io::Result<()> {
    socket.write_all(format!("{verb} {group}\n").as_bytes())?;
    if matches!(verb, '+' | '-') {
        return Ok(());
    }
    let answer = socket.read_exact(&mut [0]);
    answer.map_err(|error| match is_timeout(&error) {
        // EAGAIN is also the error of a failed process start, so a timeout is made distinct.
        true => ErrorKind::TimedOut.into(),
        false => error,
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        // At the end of its input the guardian ends the remaining commands, and then exits.
        let _ = self.socket.shutdown(Shutdown::Both);
        let _ = self.child.wait();
    }
}
