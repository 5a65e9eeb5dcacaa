//! Replaces `unix.rs` on a system where std has no Unix-domain sockets.

use std::io::{self, ErrorKind};
/// Take the place of the types of Unix-domain sockets. Nothing here makes a value of them.
pub(super) use std::net::{TcpListener as UnixListener, TcpStream as UnixStream};
use std::path::Path;
use std::time::Duration;

/// No value of this type is ever made.
#[derive(Debug)]
pub(super) struct SocketFile {
    pub(super) replaced_stale: bool,
}

pub(super) fn connect(_path: &Path, _limit: Duration) -> io::Result<UnixStream> {
    Err(ErrorKind::Unsupported.into())
}

pub(super) fn listen(_path: &Path) -> io::Result<(UnixListener, Option<SocketFile>)> {
    Err(ErrorKind::Unsupported.into())
}
