//! The errors of the engine.

use std::fmt;
use std::io;
use std::path::PathBuf;

use proto::escape::shown_path;
use proto::{reason, start_reason};

use super::COMMAND_LIMIT;

/// The engine could not start, or could not run a command.
#[derive(Debug)]
pub enum EngineError {
    /// The command is empty.
    Empty,
    /// The command contains a NUL byte, which no argument can hold.
    Nul,
    /// The command is longer than [`COMMAND_LIMIT`]. Holds its length in bytes.
    TooLong(usize),
    /// `/proc`, which the engine needs to see whether a command has ended, cannot be read.
    Proc(io::Error),
    /// The directory that commands run in cannot be entered.
    Dir(PathBuf, io::Error),
    /// A call failed. Holds what could not be done, and why.
    Failed(&'static str, io::Error),
}

impl EngineError {
    /// Whether the error is the client's fault and not the server's.
    pub const fn is_the_clients(&self) -> bool {
        matches!(self, Self::Empty | Self::Nul | Self::TooLong(_))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty command"),
            Self::Nul => f.write_str("the command contains a NUL byte"),
            Self::TooLong(length) => {
                write!(f, "command is {length} bytes; the limit is {COMMAND_LIMIT}")
            }
            Self::Proc(why) => write!(
                f,
                "cannot read /proc ({}); mount it, commands cannot be watched without",
                reason(why)
            ),
            Self::Dir(dir, why) => {
                let (dir, why) = (shown_path(dir), reason(why));
                write!(f, "cannot enter the directory {dir} ({why})")
            }
            Self::Failed(what, why) => write!(f, "{what} ({})", start_reason(why)),
        }
    }
}

impl std::error::Error for EngineError {}
