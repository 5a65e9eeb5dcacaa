//! The place of `path.rs` where there are no token files.

use std::path::PathBuf;

use super::error::{TokenError, TokenProblem};

/// Where both sides look when no file is named: on this system nowhere.
///
/// # Errors
///
/// [`TokenProblem::Unsupported`], always.
pub fn default_path() -> Result<PathBuf, TokenError> {
    Err(TokenError {
        path: PathBuf::new(),
        problem: TokenProblem::Unsupported,
    })
}
