//! What can go wrong around a command, and the one text for each.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use proto::escape::readable;
use proto::{reason, start_reason};

use super::COMMAND_LIMIT;

/// The engine could not start.
#[derive(Debug)]
pub enum StartError {
    /// `/proc`, where the engine looks whether a command has ended, cannot be read.
    Proc(io::Error),
    /// The shell does not run, or its end cannot be waited for.
    Shell {
        /// The shell's path.
        shell: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The guardian does not run.
    Guardian(io::Error),
    /// The thread that watches over deadlines does not start.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proc(why) => write!(
                f,
                "cannot read /proc ({}); mount it, commands cannot be watched without",
                reason(why)
            ),
            Self::Shell { shell, source } => write_shell(f, shell, source),
            Self::Guardian(why) => write_guardian(f, why),
            Self::Thread(why) => write_thread(f, why),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Proc(why) | Self::Guardian(why) | Self::Thread(why) => Some(why),
            Self::Shell { source, .. } => Some(source),
        }
    }
}

/// A command was refused, or its course was lost.
#[derive(Debug)]
pub enum CommandError {
    /// There is no command.
    Empty,
    /// The command contains a NUL byte, which no argument can hold.
    Nul,
    /// The command is longer than [`COMMAND_LIMIT`].
    TooLong {
        /// The command's length in bytes.
        length: usize,
    },
    /// The directory that commands run in cannot be entered.
    Dir {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The shell does not start.
    Shell {
        /// The shell's path.
        shell: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No pipe could be made for the command's output or input.
    Pipe(io::Error),
    /// The guardian is gone and a new one does not start. Nothing runs unguarded.
    Guardian(io::Error),
    /// No thread could be started for the command's output. The command has been ended.
    Thread(io::Error),
    /// The command ran, but how it ended cannot be learnt.
    Lost(io::Error),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty command"),
            Self::Nul => f.write_str("the command contains a NUL byte"),
            Self::TooLong { length } => {
                write!(f, "command is {length} bytes; the limit is {COMMAND_LIMIT}")
            }
            Self::Dir { dir, source } => write!(
                f,
                "cannot enter the directory {} ({})",
                shown(dir),
                reason(source)
            ),
            Self::Shell { shell, source } => write_shell(f, shell, source),
            Self::Pipe(why) => write!(f, "cannot make a pipe ({})", reason(why)),
            Self::Guardian(why) => write_guardian(f, why),
            Self::Thread(why) => write_thread(f, why),
            Self::Lost(why) => write!(f, "cannot learn how the command ended ({})", reason(why)),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Empty | Self::Nul | Self::TooLong { .. } => None,
            Self::Dir { source, .. } | Self::Shell { source, .. } => Some(source),
            Self::Pipe(why) | Self::Guardian(why) | Self::Thread(why) | Self::Lost(why) => {
                Some(why)
            }
        }
    }
}

fn write_shell(f: &mut fmt::Formatter<'_>, shell: &Path, why: &io::Error) -> fmt::Result {
    write!(f, "cannot start {} ({})", shown(shell), start_reason(why))
}

fn write_guardian(f: &mut fmt::Formatter<'_>, why: &io::Error) -> fmt::Result {
    write!(
        f,
        "cannot start the guardian that ends commands when the server dies ({})",
        start_reason(why)
    )
}

fn write_thread(f: &mut fmt::Formatter<'_>, why: &io::Error) -> fmt::Result {
    write!(f, "cannot start a thread ({})", start_reason(why))
}

fn shown(path: &Path) -> String {
    readable(path.as_os_str().as_bytes(), usize::MAX)
}
