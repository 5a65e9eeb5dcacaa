//! How a command ended.

use std::fmt;
use std::io;
use std::process::ExitStatus;

/// How a command ended, and whether the engine ended it.
#[derive(Debug)]
pub struct Outcome {
    /// The ID of the command's process group.
    pub group: u32,
    /// The status of the shell: a code or a signal. `None` if it could not be ended and is still
    /// running.
    pub status: Option<ExitStatus>,
    /// Why the engine ended the command, if it did.
    pub stopped: Option<Stopped>,
    /// Whether an output was closed while a process still held it.
    pub cut: bool,
    /// The bytes of standard output that the sink has taken.
    pub stdout: u64,
    /// The bytes of standard error that the sink has taken.
    pub stderr: u64,
}

/// Why the engine ended a command.
#[derive(Debug)]
pub enum Stopped {
    /// Its time was up.
    TimedOut,
    /// [`Job::cancel`](super::Job::cancel) was called, or its output was no longer wanted.
    Cancelled,
    /// The sink failed, so the client can get no more output.
    Sink(io::Error),
}

/// The text for the log.
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("timed out"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Sink(error) => write!(f, "its output is not taken ({})", proto::reason(error)),
        }
    }
}
