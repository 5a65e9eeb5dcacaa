//! Temporary folders.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A new, empty folder that only its owner may enter. It is removed with its content when this
/// value is dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Makes the folder. Its path is short, because a socket's path may have at most 107 bytes, and
    /// needs no quotes in a shell.
    #[allow(
        clippy::new_without_default,
        reason = "a default value should not touch the disk"
    )]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = place().join(format!("dialtone-{}-{number}", process::id()));
            match private().create(&path) {
                Ok(()) => return Self(path),
                // A killed run may have left this folder: in a new PID namespace we may have the
                // same process ID.
                Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
                Err(why) => panic!("cannot make the folder {}: {why}", path.display()),
            }
        }
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of `name` in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A folder that cannot be removed is no reason to fail a test, and a second panic would
        // abort it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The system's temporary folder, unless its path is long or has characters that a shell needs
/// quoted.
fn place() -> PathBuf {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let wanted = env::temp_dir();
    match wanted.to_str() {
        Some(name) if name.len() <= 48 && name.chars().all(is_plain) => wanted,
        _ => PathBuf::from("/tmp"),
    }
}

/// Makes folders that only their owner may enter, on systems that support it.
fn private() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
