//! A process that outlives the server, to end the commands that the server leaves behind.
//!
//! A server that is killed with SIGKILL can clean up nothing. So one `/bin/sh` (`guardian.sh`) is
//! started with the engine, in a process group of its own, where the terminal's Ctrl-C does not
//! reach it. It learns of every command through a socket, and the kernel closes that when the server
//! dies, however it dies: then what is left gets TERM, and KILL after the grace. It is not a pipe,
//! because std has no timeouts for pipes, and another process of the user may halt the guardian. A
//! guardian that does not answer in time is replaced like one that is dead.
//!
//! The guardian also is how the engine signals a process group at all, which std cannot: the
//! shell's own `kill` costs a line and an answer, no process.
//!
//! A server that is killed within the microseconds between a command's start and its registration
//! leaves that one command behind.
//!
//! **After the server's death** the guardian is not the parent of what it ends, so it cannot keep
//! a group's number from being used again. It forgets every group that it finds gone and looks
//! ten times a second: a stranger would have to be given the number within that tenth.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use proto::is_timeout;
use proto::sync::lock;

const SCRIPT: &str = include_str!("guardian.sh");

/// How long a guardian may take to answer or to read on. It needs microseconds; a busy machine may
/// make them many.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a group of processes can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Term,
    Kill,
}

/// The guardian process and what it has been told. A guardian that died is replaced, and the new
/// one told everything again.
#[derive(Debug)]
pub(super) struct Guardian {
    shell: PathBuf,
    grace: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    shell: Shell,
    groups: Vec<u32>,
}

impl Guardian {
    /// Starts a guardian, run by `shell`, with `grace` between TERM and KILL.
    pub(super) fn start(shell: PathBuf, grace: Duration) -> io::Result<Self> {
        let inner = Mutex::new(Inner {
            shell: Shell::start(&shell, grace)?,
            groups: Vec::new(),
        });
        Ok(Self {
            shell,
            grace,
            inner,
        })
    }

    /// Says that a command runs in `group`.
    pub(super) fn register(&self, group: u32) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        self.tell(&mut inner, format_args!("+ {group}\n"))?;
        inner.groups.push(group);
        Ok(())
    }

    /// Says that the command in `group` is over. Its leader must not have been reaped yet.
    ///
    /// There is no answer to wait for: lines are read in order, so that no later line, and not the
    /// server's end either, can make the guardian signal this group once the line is written.
    pub(super) fn dismiss(&self, group: u32) {
        let mut inner = lock(&self.inner);
        inner.groups.retain(|&other| other != group);
        // A guardian that cannot be told is gone, and its successor will not hear of the group.
        let _ = self.tell(&mut inner, format_args!("- {group}\n"));
    }

    /// Sends `signal` to `group`, whose leader must not have been reaped, and returns once it is
    /// sent. A group without processes is no error.
    pub(super) fn signal(&self, group: u32, signal: Signal) -> io::Result<()> {
        let verb = match signal {
            Signal::Term => 'T',
            Signal::Kill => 'K',
        };
        let mut inner = lock(&self.inner);
        self.tell(&mut inner, format_args!("{verb} {group}\n"))?;
        if inner.shell.answer().is_ok() {
            return Ok(());
        }
        self.replace(&mut inner)?;
        inner.shell.tell(format_args!("{verb} {group}\n"))?;
        inner.shell.answer()
    }

    /// Replaces a guardian that has died.
    pub(super) fn look_after(&self) -> io::Result<()> {
        let mut inner = lock(&self.inner);
        if inner.shell.has_died() {
            self.replace(&mut inner)?;
        }
        Ok(())
    }

    fn tell(&self, inner: &mut Inner, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        if inner.shell.tell(line).is_ok() {
            return Ok(());
        }
        self.replace(inner)?;
        inner.shell.tell(line)
    }

    fn replace(&self, inner: &mut Inner) -> io::Result<()> {
        // Were it alive after all, the end of its input would make it end every command.
        let _ = inner.shell.child.kill();
        inner.shell = Shell::start(&self.shell, self.grace)?;
        for group in &inner.groups {
            inner.shell.tell(format_args!("+ {group}\n"))?;
        }
        Ok(())
    }

    /// The guardian's process number.
    #[cfg(test)]
    pub(super) fn pid(&self) -> u32 {
        lock(&self.inner).shell.child.id()
    }
}

/// The process, and the socket that is its standard input and output.
#[derive(Debug)]
struct Shell {
    child: Child,
    socket: UnixStream,
}

impl Shell {
    fn start(shell: &PathBuf, grace: Duration) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        ours.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        let theirs = OwnedFd::from(theirs);
        let tenths = grace.as_millis().div_ceil(100).min(u32::MAX.into());
        let mut command = Command::new(shell);
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg("exec-server-guardian")
            .arg(tenths.to_string())
            // It may outlive the server: it holds no directory, terminal or secret of the server's.
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
        // It holds the other end, whose end must be the guardian's.
        drop(command);
        let shell = Self {
            child,
            socket: ours,
        };
        shell.tell(format_args!("P\n"))?;
        shell.answer()?;
        Ok(shell)
    }

    /// Writes one line in one write.
    fn tell(&self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        (&self.socket).write_all(line.to_string().as_bytes())
    }

    fn answer(&self) -> io::Result<()> {
        (&self.socket)
            .read_exact(&mut [0])
            .map_err(|error| match is_timeout(&error) {
                // Where nothing can be started, the system gives the number of a timeout, too.
                true => ErrorKind::TimedOut.into(),
                false => error,
            })
    }

    fn has_died(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if self.has_died() {
            return;
        }
        // At the end of its input it ends what is left, and then itself.
        let _ = self.socket.shutdown(Shutdown::Both);
        let _ = self.child.wait();
    }
}
