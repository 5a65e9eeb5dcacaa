//! What one command asks for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::error::CommandError;

/// The longest command, in bytes: Linux takes 128 KiB for one argument, its closing NUL included.
pub const COMMAND_LIMIT: usize = 131_071;

/// One command for `/bin/sh -c`, and how it is to run.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    command: &'a [u8],
    pub(super) timeout: Option<Duration>,
    pub(super) stdin: bool,
}

impl<'a> Request<'a> {
    /// A command with `/dev/null` for standard input and no limit on its time.
    ///
    /// The bytes reach the shell as they are; they need not be UTF-8.
    pub const fn new(command: &'a [u8]) -> Self {
        Self {
            command,
            timeout: None,
            stdin: false,
        }
    }

    /// Ends the command once it has run for `timeout` in all.
    ///
    /// The clock is looked at ten times a second: a shorter time may be overrun by 100 ms.
    pub const fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Gives the command a pipe for standard input, which [`Running::take_input`] hands
    /// out.
    ///
    /// [`Running::take_input`]: super::Running::take_input
    pub const fn with_stdin(self) -> Self {
        Self {
            stdin: true,
            ..self
        }
    }

    /// The command as the shell's argument.
    ///
    /// # Errors
    ///
    /// Refuses what no argument can hold: nothing, a NUL byte, more than [`COMMAND_LIMIT`].
    pub(super) fn argument(&self) -> Result<&'a OsStr, CommandError> {
        if self.command.is_empty() {
            return Err(CommandError::Empty);
        }
        if self.command.len() > COMMAND_LIMIT {
            return Err(CommandError::TooLong {
                length: self.command.len(),
            });
        }
        if self.command.contains(&0) {
            return Err(CommandError::Nul);
        }
        Ok(OsStr::from_bytes(self.command))
    }
}
