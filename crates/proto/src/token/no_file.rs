//! Replaces `file.rs` on a system where std cannot tell who may read a file: no token is read or
//! created there.

use std::path::{Path, PathBuf};

use super::error::{TokenError, TokenProblem};

pub(super) fn read(path: &Path) -> Result<[u8; 32], TokenError> {
    Err(TokenProblem::Unsupported.at(path))
}

pub(super) fn create(path: &Path, _secret: &[u8; 32]) -> Result<(), TokenError> {
    read(path).map(drop)
}

/// The default path of the token file; this system has none.
///
/// # Errors
///
/// [`TokenProblem::Unsupported`], always.
pub fn default_path() -> Result<PathBuf, TokenError> {
    Err(TokenProblem::Unsupported.at(""))
}
