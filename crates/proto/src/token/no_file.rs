//! Replaces `file.rs` on a system where std cannot tell who may read a file: no token is read or
//! created there.

use std::path::{Path, PathBuf};

use super::TokenError;

fn unsupported() -> TokenError {
    TokenError(
        "there are no token files on this system (std can neither tell who may read one nor make a \
         secret), so no sessions; use WSL, or --protocol raw, length or header"
            .to_owned(),
    )
}

pub(super) fn read(_path: &Path) -> Result<Option<[u8; 32]>, TokenError> {
    Err(unsupported())
}

pub(super) fn create(_path: &Path, _secret: &[u8; 32]) -> Result<(), TokenError> {
    Err(unsupported())
}

/// The default path of the token file; this system has none.
///
/// # Errors
///
/// [`TokenError`], always.
pub fn default_path() -> Result<PathBuf, TokenError> {
    Err(unsupported())
}
