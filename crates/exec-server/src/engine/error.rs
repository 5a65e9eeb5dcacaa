//! What can go wrong around a command, and the one text for each.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use proto::escape::readable;
use proto::{reason, start_reason};

use super::COMMAND_LIMIT;

/// The engine could not start, a command was refused, or its course was lost.
#[derive(Debug)]
pub enum EngineError {
    /// There is no command.
    Empty,
    /// The command contains a NUL byte, which no argument can hold.
    Nul,
    /// The command is longer than [`COMMAND_LIMIT`]: so many bytes.
    TooLong(usize),
    /// `/proc`, where the engine looks whether a command has ended, cannot be read.
    Proc(io::Error),
    /// The directory that commands run in cannot be entered.
    Dir(PathBuf, io::Error),
    /// The shell does not start, or its end cannot be waited for.
    Shell(PathBuf, io::Error),
    /// No pipe could be made for the command's output or input.
    Pipe(io::Error),
    /// The guardian does not run. Nothing runs unguarded.
    Guardian(io::Error),
    /// No thread could be started. Where it was for a command's output, the command has been ended.
    Thread(io::Error),
    /// The command ran, but how it ended cannot be learnt.
    Lost(io::Error),
}

impl EngineError {
    /// Whether the client asked for what cannot be had, so that the server has nothing to look at.
    pub const fn is_the_clients(&self) -> bool {
        matches!(self, Self::Empty | Self::Nul | Self::TooLong(_))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| readable(path.as_os_str().as_bytes(), usize::MAX);
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
                write!(
                    f,
                    "cannot enter the directory {} ({})",
                    shown(dir),
                    reason(why)
                )
            }
            Self::Shell(shell, why) => {
                write!(f, "cannot start {} ({})", shown(shell), start_reason(why))
            }
            Self::Pipe(why) => write!(f, "cannot make a pipe ({})", reason(why)),
            Self::Guardian(why) => write!(
                f,
                "cannot start the guardian that ends commands when the server dies ({})",
                start_reason(why)
            ),
            Self::Thread(why) => write!(f, "cannot start a thread ({})", start_reason(why)),
            Self::Lost(why) => write!(f, "cannot learn how the command ended ({})", reason(why)),
        }
    }
}

impl std::error::Error for EngineError {}
