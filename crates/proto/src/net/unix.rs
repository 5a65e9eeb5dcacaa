//! Connects to and listens at Unix-domain sockets. It creates socket files that only their user can
//! connect to, and never replaces another file.
//!
//! `bind` creates the file with the mode of the umask, and the mode is set to 0600 right after. In
//! a directory that others can enter, and with a umask that lets them write, another user can
//! connect in the microseconds between. A directory of mode 0700 has no such gap.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
pub(super) use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::resolve::within;
use crate::escape::shown_path;
use crate::reason;
use crate::sys::directory_of;

/// The longest path that fits into the system's `sockaddr_un`, less the terminating zero.
const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// How long to wait for the server of an existing socket file.
const TAKEOVER: Duration = Duration::from_secs(2);
/// How long to wait for another server that starts in the same directory, and how often to look.
const TURN: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(1);

/// In a rootless container the host's root, who owns `/tmp`, shows as this user.
const OUTSIDE: u32 = 65_534;

/// A listening socket's name in the file system; removed on drop if it is still the same file.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    /// Whether it replaced a stale socket file.
    pub(super) replaced_stale: bool,
}

/// The name in `@NAME`, an address in Linux's abstract namespace, which has no file.
fn abstract_name(path: &Path) -> Option<&[u8]> {
    path.as_os_str().as_bytes().strip_prefix(b"@")
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_address(_name: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::other(
        "only Linux has abstract names (@NAME); give a path",
    ))
}

/// The address of a path or an abstract name.
fn address(path: &Path) -> io::Result<SocketAddr> {
    let address = match abstract_name(path) {
        Some(name) => abstract_address(name),
        None => SocketAddr::from_pathname(path),
    };
    address.map_err(|error| match error.kind() {
        kind @ ErrorKind::InvalidInput => io::Error::new(
            kind,
            format!(
                "the path is too long; at most {MAX_PATH} bytes fit into the address of a socket"
            ),
        ),
        _ => error,
    })
}

/// Connects to `path`. std has no `connect` with a timeout for Unix-domain sockets, and a full
/// accept queue blocks it for ever.
pub(super) fn connect(path: &Path, limit: Duration) -> io::Result<UnixStream> {
    let address = address(path)?;
    within(limit, move || UnixStream::connect_addr(&address)).flatten()
}

/// Listens at `path`, and returns the socket file, too. An abstract name has none.
pub(super) fn listen(path: &Path) -> io::Result<(UnixListener, Option<SocketFile>)> {
    let address = address(path)?;
    if abstract_name(path).is_some() {
        return Ok((UnixListener::bind_addr(&address)?, None));
    }
    let parent = directory_of(path);
    check_parent(parent)?;
    let _turn = take_turn(parent);
    let replaced_stale = remove_stale(path)?;
    let listener = UnixListener::bind_addr(&address).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => not_usable(parent, &error),
        _ => error,
    })?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let file = SocketFile {
        path: path.to_owned(),
        identity: identity(path)?,
        replaced_stale,
    };
    Ok((listener, Some(file)))
}

/// Lets servers start one after the other in a directory. Otherwise two that start together could
/// find the same stale socket, and the slower one would remove the new socket of the faster one.
/// After a while a server goes on without its turn, because every user who can read the directory
/// can lock it.
fn take_turn(parent: &Path) -> Option<File> {
    let dir = File::open(parent).ok()?;
    let until = Instant::now() + TURN;
    while matches!(dir.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < until {
        thread::sleep(LOOK);
    }
    Some(dir)
}

/// Removes the file at `path` if it is a socket that no server listens on. Returns whether it did.
fn remove_stale(path: &Path) -> io::Result<bool> {
    // Not `metadata`: a symbolic link is never followed.
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !kind.is_socket() {
        let found = if kind.is_symlink() {
            "a symbolic link"
        } else if kind.is_dir() {
            "a directory"
        } else if kind.is_file() {
            "a regular file"
        } else {
            "a special file"
        };
        return Err(io::Error::other(format!(
            "{found} is in the way and is left alone; remove it, or choose another path"
        )));
    }
    // The type was checked first, because connecting to a regular file is refused, too. If a server
    // hangs with a full accept queue, it is in use.
    match connect(path, TAKEOVER) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path)?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() != ErrorKind::TimedOut => Err(error),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

/// Refuses a directory in which another user can replace our socket. The sticky bit, as `/tmp` has
/// it, protects files from all but the directory's owner. A group that may write is trusted.
fn check_parent(parent: &Path) -> io::Result<()> {
    let found = fs::metadata(parent).map_err(|error| not_usable(parent, &error))?;
    if !found.is_dir() {
        return Err(not_usable(parent, &ErrorKind::NotADirectory.into()));
    }
    let shown = shown_path(parent);
    let mode = found.mode() & 0o7777;
    let sticky = mode & 0o1000 != 0;
    if !sticky && mode & 0o002 != 0 {
        return Err(io::Error::other(format!(
            "anyone may replace files in {shown} (its mode is {mode:04o}, without the sticky bit); \
             run: chmod o-w {shown}"
        )));
    }
    // std has no `geteuid`. Without /proc, the owner is not checked.
    let owner = found.uid();
    let trusted = owner == 0 || sticky && owner == OUTSIDE;
    if !trusted && fs::metadata("/proc/self").is_ok_and(|own| own.uid() != owner) {
        return Err(io::Error::other(format!(
            "{shown} belongs to user {owner}, who may replace files in it; choose a directory that is \
             yours"
        )));
    }
    Ok(())
}

fn not_usable(parent: &Path, why: &io::Error) -> io::Error {
    io::Error::other(format!(
        "cannot create a file in {} ({}); choose a directory that exists and is yours",
        shown_path(parent),
        reason(why)
    ))
}

/// The device and inode, which identify a file.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have replaced the file meanwhile.
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::in_time;
    use crate::net::{Endpoint, Listener, Peer};
    use crate::temp::TempDir;
    use std::sync::Barrier;

    #[test]
    fn a_socket_file_is_private_and_removed_on_drop() {
        let dir = TempDir::new();
        let path = dir.join("socket");
        let (_listener, file) = listen(&path).unwrap();
        assert!(!file.as_ref().unwrap().replaced_stale);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        UnixStream::connect(&path).unwrap();
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = TempDir::new();
        let path = dir.join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let (_listener, file) = listen(&path).unwrap();
        assert!(file.as_ref().unwrap().replaced_stale);
        assert_eq!(listen(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn one_of_two_servers_replaces_a_stale_socket() {
        let dir = TempDir::new();
        let path = dir.join("socket");
        for _ in 0..200 {
            drop(UnixListener::bind(&path).unwrap());
            let start = Barrier::new(2);
            let listen = || {
                start.wait();
                listen(&path)
            };
            let (one, other) = thread::scope(|scope| {
                let other = scope.spawn(listen);
                (listen(), other.join().unwrap())
            });
            assert_ne!(one.is_ok(), other.is_ok());
            UnixStream::connect(&path).unwrap();
        }
    }

    #[test]
    fn the_waker_needs_no_socket_file() {
        let dir = TempDir::new();
        let path = dir.join("socket");
        let listener = Listener::bind(&Endpoint::Unix(path.clone())).unwrap();
        fs::remove_file(&path).unwrap();
        let wake = listener.waker();
        let accepting = thread::spawn(move || listener.accept().is_err());
        wake();
        assert!(in_time(|| accepting.join().unwrap()));
    }

    #[test]
    fn clients_are_numbered() {
        let dir = TempDir::new();
        let path = dir.join("socket");
        let listener = Listener::bind(&Endpoint::Unix(path.clone())).unwrap();
        for number in 1..=3 {
            let _client = UnixStream::connect(&path).unwrap();
            assert_eq!(listener.accept().unwrap().1, Peer::Unix(number));
        }
    }

    #[test]
    fn files_of_other_types_stay() {
        let dir = TempDir::new();
        let file = dir.join("file");
        fs::write(&file, "precious").unwrap();
        let link = dir.join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let inner = dir.join("dir");
        fs::create_dir(&inner).unwrap();
        for path in [&file, &link, &inner] {
            let error = listen(path).unwrap_err().to_string();
            assert!(error.contains("is left alone"), "{error}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn a_missing_or_world_writable_directory_is_refused() {
        let dir = TempDir::new();
        let error = listen(&dir.join("missing/socket")).unwrap_err();
        assert!(error.to_string().starts_with("cannot create a file in"));
        // `/dev/null` is world-writable, too, but the error is that it is not a directory.
        let error = listen(Path::new("/dev/null/socket")).unwrap_err();
        assert!(error.to_string().contains("in /dev/null (not a directory)"));
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        let error = listen(&dir.join("socket")).unwrap_err();
        assert!(error.to_string().contains("(its mode is 0777, without"));
        fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
        listen(&dir.join("socket")).unwrap();
    }

    #[test]
    fn a_path_that_is_too_long_is_refused() {
        let dir = TempDir::new();
        let longest = MAX_PATH - dir.path().as_os_str().len() - 1;
        let error = listen(&dir.join("x".repeat(longest + 1))).unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        listen(&dir.join("x".repeat(longest))).unwrap();
    }
}
