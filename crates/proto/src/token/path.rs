//! Finds the token file, and checks that its directory is safe.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::{TokenError, TokenProblem};
use crate::sys::create_private;

/// The default path of the token file: `$XDG_CONFIG_HOME/dialtone/token`, else
/// `~/.config/dialtone/token`.
///
/// # Errors
///
/// [`TokenProblem::NoHome`] if neither variable is set, and [`TokenProblem::Variable`] if its
/// directory is in no place where one may be made.
pub fn default_path() -> Result<PathBuf, TokenError> {
    default_path_from(env::var_os("XDG_CONFIG_HOME"), env::var_os("HOME"))
}

pub(super) fn default_path_from(
    config: Option<OsString>,
    home: Option<OsString>,
) -> Result<PathBuf, TokenError> {
    let set = |value: Option<OsString>| value.filter(|it| !it.is_empty()).map(PathBuf::from);
    let refuse = |path, problem| Err(TokenError { path, problem });
    // The XDG specification says to ignore a relative path, and to make a directory that is missing;
    // but what that is in is never ours to make.
    if let Some(config) = set(config).filter(|it| it.is_absolute()) {
        if !directory_of(&config).is_dir() {
            let why = "which is in no directory that exists";
            return refuse(config, TokenProblem::Variable("XDG_CONFIG_HOME", why));
        }
        return Ok(config.join("dialtone/token"));
    }
    match set(home) {
        None => refuse(PathBuf::new(), TokenProblem::NoHome),
        Some(home) if home.is_relative() => refuse(
            home,
            TokenProblem::Variable("HOME", "which is no absolute path"),
        ),
        Some(home) if !home.is_dir() => {
            refuse(home, TokenProblem::Variable("HOME", "which does not exist"))
        }
        Some(home) => Ok(home.join(".config/dialtone/token")),
    }
}

/// The directory that a file or directory is in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The effective user ID. std has no `geteuid`, but `/proc/self` belongs to the process's user, and
/// without `/proc` a new file does.
pub(super) fn our_user() -> Result<u32, TokenError> {
    let dir = env::temp_dir();
    fs::metadata("/proc/self")
        .map(|found| found.uid())
        .or_else(|_| owner_of_a_new_file(&dir))
        .map_err(|error| TokenError {
            problem: TokenProblem::Failed("find out our user ID from a new file in", error),
            path: dir,
        })
}

/// Makes a file, and removes it.
pub(super) fn owner_of_a_new_file(dir: &Path) -> io::Result<u32> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    let name = format!("dialtone-{}-{number}-{now}", process::id());
    let path = dir.join(name);
    let found = create_private(&path)?.metadata();
    // If that fails, an empty file is left over.
    let _ = fs::remove_file(&path);
    Ok(found?.uid())
}

/// Refuses a directory in which another user could replace our file. The directory and all its
/// parents must belong to us or to root, and others may write into them only if the sticky bit
/// protects our files.
pub(super) fn check_directory(dir: &Path) -> Result<(), TokenError> {
    let refuse = |dir: &Path, problem| TokenError {
        path: dir.into(),
        problem,
    };
    let failed =
        |dir: &Path, error| refuse(dir, TokenProblem::Failed("check the directory", error));
    // Symbolic links are resolved, so that the real directories are checked.
    let real = fs::canonicalize(dir).map_err(|error| failed(dir, error))?;
    let us = our_user()?;
    for dir in real.ancestors() {
        let found = fs::metadata(dir).map_err(|error| failed(dir, error))?;
        if found.uid() != us && found.uid() != 0 {
            return Err(refuse(dir, TokenProblem::Owner(found.uid())));
        }
        let mode = found.mode() & 0o7777;
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(refuse(dir, TokenProblem::OpenDirectory(mode)));
        }
    }
    Ok(())
}
