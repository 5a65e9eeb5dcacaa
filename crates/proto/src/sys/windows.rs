//! The system-dependent parts, for Windows. `unix.rs` has the same names.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::windows::io::{AsHandle, AsRawSocket};
use std::path::Path;

pub use std::os::windows::io::OwnedSocket;

/// Whether there are Unix-domain sockets. std has none on Windows.
pub const HAS_UNIX_SOCKETS: bool = false;

/// The bytes of an argument of the command line, in UTF-8; `None` if it is not Unicode.
pub fn bytes(word: &OsStr) -> Option<&[u8]> {
    word.to_str().map(str::as_bytes)
}

/// An argument without its first `bytes` bytes; `None` if it is not Unicode.
pub fn without_start(word: &OsStr, bytes: usize) -> Option<OsString> {
    word.to_str()?.get(bytes..).map(OsString::from)
}

/// `None`: Windows has no `/proc`.
pub fn socket_inode(_socket: &impl AsRawSocket) -> Option<String> {
    None
}

/// A duplicate of a standard stream, without std's buffer.
pub fn unbuffered(stream: &impl AsHandle) -> io::Result<File> {
    stream.as_handle().try_clone_to_owned().map(File::from)
}

/// Always fails: reads of a console wait.
pub fn stdin_without_waiting() -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Always false: std cannot compare open files on Windows.
pub fn are_same_file(_one: &impl AsHandle, _other: &impl AsHandle) -> bool {
    false
}

/// Whether a terminal accepts arbitrary bytes. std writes only text to a Windows console.
pub const CONSOLE_TAKES_BYTES: bool = false;

/// Whether `shutdown` of a listening socket wakes a blocked `accept`.
pub const SHUTDOWN_WAKES_ACCEPT: bool = false;

/// The command that shows which program uses a port.
pub fn who_has_port(port: u16, _is_udp: bool) -> String {
    format!("netstat -ano | findstr :{port}")
}

/// The hint if the user may not bind the port.
pub const PORT_DENIED: &str = "another program has the port for itself, or the system keeps it \
     back: netsh int ipv4 show excludedportrange tcp";

/// Makes a new file. It inherits the access rights of its folder.
///
/// # Errors
///
/// Those of `open`; `AlreadyExists` for an existing file, which stays as it is.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
