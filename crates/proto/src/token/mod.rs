//! The secret that a server and its clients share, in a file that only their user can read.
//!
//! On one machine, for one user, there is nothing to set up: the server makes the file at its first
//! start, and both sides find it. For a second machine, copy it there.
//!
//! The token is shown nowhere: not in an error, not by `Debug`. It is in no argument and no
//! environment variable, because other programs can see those.

mod error;
#[cfg_attr(windows, path = "no_file.rs")]
mod file;
#[cfg_attr(windows, path = "no_path.rs")]
mod path;

pub use error::{TokenError, TokenProblem};
pub use path::default_path;

use std::fmt;
use std::path::Path;

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
        file::read(path).map(Self)
    }

    /// Reads the token, and makes one first where `path` does not exist. Of several servers that
    /// start at once one makes it, and all use that one.
    ///
    /// # Errors
    ///
    /// [`TokenError`], as for [`read`](Self::read), or because no file could be made.
    pub fn read_or_create(path: &Path) -> Result<Self, TokenError> {
        match file::read(path) {
            Err(TokenError {
                problem: TokenProblem::Missing,
                ..
            }) => {}
            read => return read.map(Self),
        }
        let secret = Random::open().and_then(|random| random.bytes());
        let secret = secret.map_err(|error| TokenError {
            path: path.into(),
            problem: TokenProblem::Random(error),
        })?;
        file::create(path, &secret)?;
        Self::read(path)
    }

    /// The secret itself, for a key.
    pub fn key(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Shows that there is one, and not what it is.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
