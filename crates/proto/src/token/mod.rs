//! The secret that a server and its clients share, in a file that only their user can read.
//!
//! One user on one machine has nothing to set up: the server creates the file at its first start,
//! and both sides find it. To use another machine, copy the file there.
//!
//! No error and no `Debug` output shows the token. It is never in an argument or an environment
//! variable, because other programs can see those.

#[cfg_attr(windows, path = "no_file.rs")]
mod file;

pub use file::default_path;

use std::fmt;
use std::path::Path;

use crate::escape::shown_path;
use crate::random::Random;

/// 32 secret bytes. Its file holds them as 64 hex digits and a line end.
///
/// ```no_run
/// use proto::token::{Token, default_path};
///
/// let token = Token::read_or_create(&default_path()?)?;
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// # Ok::<(), proto::token::TokenError>(())
/// ```
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Reads the token from `path`, which must be a regular file of this user (or root) that
    /// no other user can read or write, in directories where no other user can replace it.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; its text names the file, the rule and the remedy.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let missing = || {
            TokenError(format!(
                "there is no token file {}; start the server once on this machine, or copy the \
                 server's file here",
                shown_path(path)
            ))
        };
        file::read(path)?.map(Self).ok_or_else(missing)
    }

    /// Reads the token; if `path` does not exist, creates it first. If several servers start at
    /// once, one creates it and all use it.
    ///
    /// # Errors
    ///
    /// [`TokenError`], as for [`read`](Self::read), or because the file could not be created.
    pub fn read_or_create(path: &Path) -> Result<Self, TokenError> {
        if let Some(secret) = file::read(path)? {
            return Ok(Self(secret));
        }
        let secret = Random::open().and_then(|random| random.bytes());
        let secret = secret.map_err(|error| TokenError(error.to_string()))?;
        file::create(path, &secret)?;
        Self::read(path)
    }

    /// The secret itself, for a key.
    pub fn key(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Does not show the secret.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why there is no token. The text names the file, the rule and the remedy, and never shows the
/// file's content.
#[derive(Debug)]
pub struct TokenError(String);

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokenError {}

#[cfg(unix)]
#[cfg(test)]
mod tests;
