//! What is wrong with a token file, and how to fix it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::random::NoRandomness;
use crate::reason;

/// Why there is no token. The text names the file, the rule and the remedy, and never shows the
/// file's content.
#[derive(Debug)]
pub struct TokenError {
    /// The token file, or the directory with the problem.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: TokenProblem,
}

/// What is wrong with a token file or its directory.
#[derive(Debug)]
pub enum TokenProblem {
    /// Neither `XDG_CONFIG_HOME` nor `HOME` is set.
    NoHome,
    /// This variable names no place for the token. Holds the variable and the reason.
    Variable(&'static str, &'static str),
    /// There is no such file.
    Missing,
    /// The path is a directory, a FIFO, a symbolic link or a device.
    NotAFile,
    /// Other users may read or write the file. Holds its permission bits.
    OpenFile(u32),
    /// Other users may replace the files in this directory. Holds its permission bits.
    OpenDirectory(u32),
    /// The file or directory belongs to another user. Holds that user's ID.
    Owner(u32),
    /// The file does not contain 64 hex digits. Holds its length in bytes.
    Content(u64),
    /// A system call failed. Holds the action, such as `read the token file`.
    Failed(&'static str, io::Error),
    /// The system gives no secure random bytes.
    Random(NoRandomness),
    /// On this system std can neither tell who may read a file nor make a secret.
    Unsupported,
}

impl TokenProblem {
    /// The error for this path.
    pub(super) fn at(self, path: impl Into<PathBuf>) -> TokenError {
        TokenError {
            path: path.into(),
            problem: self,
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            TokenProblem::NoHome => f.write_str(
                "cannot tell where the token file is (HOME is not set); name it with --token-file",
            ),
            TokenProblem::Variable(name, why) => write!(
                f,
                "{name} is {path}, {why}; name the token file with --token-file"
            ),
            TokenProblem::Missing => write!(
                f,
                "there is no token file {path}; start the server once on this machine, or copy the \
                 server's file here"
            ),
            TokenProblem::NotAFile => write!(
                f,
                "the token file {path} is not a regular file; name one with --token-file"
            ),
            TokenProblem::OpenFile(mode) => write!(
                f,
                "permissions {mode:04o} for '{path}' are too open; run: chmod 600 {path}"
            ),
            TokenProblem::OpenDirectory(mode) => write!(
                f,
                "permissions {mode:04o} for the directory '{path}' let others replace the token \
                 file; run: chmod go-w {path}"
            ),
            TokenProblem::Owner(user) => write!(
                f,
                "'{path}' belongs to another user (ID {user}); use a token file of your own"
            ),
            TokenProblem::Content(length) => write!(
                f,
                "the token file {path} does not hold a token (64 hex digits; it has {length} \
                 bytes); copy the server's file, or remove this one and start the server"
            ),
            TokenProblem::Failed(what, error) => {
                write!(f, "cannot {what} {path} ({})", reason(error))
            }
            TokenProblem::Random(error) => error.fmt(f),
            TokenProblem::Unsupported => f.write_str(
                "there are no token files on this system (std can neither tell who may read one nor \
                 make a secret), so no sessions; use WSL, or --protocol raw, length or header",
            ),
        }
    }
}

impl std::error::Error for TokenError {}
