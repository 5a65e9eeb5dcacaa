//! Replaces `unix.rs` on a system without Unix-domain sockets.

use std::io::ErrorKind;
use std::path::Path;

use super::socket_file_error::SocketFileError;
use crate::sys::UnixListener;

/// No value of this type is ever made.
#[derive(Debug)]
pub(super) struct SocketFile {
    pub(super) replaced_stale: bool,
}

pub(super) fn listen(_path: &Path) -> Result<(UnixListener, Option<SocketFile>), SocketFileError> {
    Err(SocketFileError::Failed(ErrorKind::Unsupported.into()))
}
