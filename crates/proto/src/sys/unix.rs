//! The system-dependent parts, for Unix. `windows.rs` has the same names.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

pub use std::os::fd::OwnedFd as OwnedSocket;

/// Whether there are Unix-domain sockets.
pub const HAS_UNIX_SOCKETS: bool = true;

/// The bytes of an argument of the command line.
pub fn bytes(word: &OsStr) -> Option<&[u8]> {
    Some(word.as_bytes())
}

/// An argument without its first `bytes` bytes.
pub fn without_start(word: &OsStr, bytes: usize) -> Option<OsString> {
    Some(OsStr::from_bytes(&word.as_bytes()[bytes..]).to_owned())
}

/// The socket's inode, by which the tables in `/proc/net` name it; `None` without `/proc`.
pub fn socket_inode(socket: &impl AsRawFd) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    Some(inode.to_owned())
}

/// A duplicate of a standard stream, without std's buffer.
pub fn unbuffered(stream: &impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

/// The terminal that is stdin once more, for reads that do not wait.
pub fn stdin_without_waiting() -> io::Result<File> {
    // O_NONBLOCK and O_NOCTTY, which std does not name.
    let flags = match cfg!(target_os = "linux") {
        true => 0o4000 | 0o400,
        false => 0x4 | 0x2_0000,
    };
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags).open("/dev/stdin")
}

/// Whether two descriptors refer to the same file, as stdout and stderr do with `2>&1`.
pub fn are_same_file(one: &impl AsFd, other: &impl AsFd) -> bool {
    let one = unbuffered(one).and_then(|file| file.metadata());
    let other = unbuffered(other).and_then(|file| file.metadata());
    match (one, other) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Whether a terminal accepts arbitrary bytes.
pub const CONSOLE_TAKES_BYTES: bool = true;

/// Whether `shutdown` of a listening socket, if it succeeds, wakes a blocked `accept`.
pub const SHUTDOWN_WAKES_ACCEPT: bool = true;

/// The command that shows which program uses a port. It includes sockets that do not listen,
/// because they can also keep the port in use.
pub fn who_has_port(port: u16, is_udp: bool) -> String {
    match (cfg!(target_os = "linux"), is_udp) {
        (true, false) => format!("ss -tanp 'sport = :{port}'"),
        (true, true) => format!("ss -uanp 'sport = :{port}'"),
        (false, false) => format!("lsof -nP -iTCP:{port}"),
        (false, true) => format!("lsof -nP -iUDP:{port}"),
    }
}

/// The hint if the user may not bind the port.
pub const PORT_DENIED: &str = "ports below 1024 need privileges; choose one from 1024 to 65535";

/// The directory that a file or directory is in.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a new file that only its owner can read and write.
///
/// # Errors
///
/// Those of `open`; `AlreadyExists` for an existing file, which stays as it is.
///
/// ```
/// let path = std::env::temp_dir().join(format!("private-{}", std::process::id()));
/// let file = proto::create_private(&path)?;
/// assert!(proto::create_private(&path).is_err());
/// # drop(file);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}
