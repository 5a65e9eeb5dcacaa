//! A command and its settings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::COMMAND_LIMIT;
use super::error::EngineError;

/// Whether the command is no longer wanted.
pub(super) type Unwanted = Box<dyn Fn() -> bool + Send + Sync>;

/// One command for `/bin/sh -c`, and its settings.
pub struct Request<'a> {
    /// The bytes reach the shell unchanged; they need not be UTF-8.
    pub command: &'a [u8],
    /// Ends the command once it has run for this time. The clock checks ten times a second, so the
    /// command may run up to 100 ms longer.
    pub timeout: Option<Duration>,
    /// Gives the command a pipe as standard input, [`Running::input`](super::Running::input).
    pub stdin: bool,
    /// Ends the command when this returns true. It is called ten times a second.
    pub unwanted: Option<Unwanted>,
}

impl<'a> Request<'a> {
    /// A command with `/dev/null` for standard input and no limit on its time.
    pub const fn new(command: &'a [u8]) -> Self {
        Self {
            command,
            timeout: None,
            stdin: false,
            unwanted: None,
        }
    }

    /// The command as the shell's argument.
    ///
    /// # Errors
    ///
    /// An empty command, a NUL byte, and more than [`COMMAND_LIMIT`] bytes are refused.
    pub(super) fn argument(&self) -> Result<&'a OsStr, EngineError> {
        if self.command.is_empty() {
            return Err(EngineError::Empty);
        }
        if self.command.len() > COMMAND_LIMIT {
            return Err(EngineError::TooLong(self.command.len()));
        }
        if self.command.contains(&0) {
            return Err(EngineError::Nul);
        }
        Ok(OsStr::from_bytes(self.command))
    }
}
