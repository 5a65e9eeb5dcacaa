//! Replaces `path.rs` on a system without token files.

use std::path::PathBuf;

use super::error::{TokenError, TokenProblem};

/// The default path of the token file; this system has none.
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
