//! Where the token file is, and whether its place is safe.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::TokenError;

/// Where both sides look when no file is named: `$XDG_CONFIG_HOME/dialtone/token`, else
/// `~/.config/dialtone/token`.
///
/// # Errors
///
/// [`TokenError::NoHome`], where neither variable is set.
pub fn default_path() -> Result<PathBuf, TokenError> {
    default_path_from(env::var_os("XDG_CONFIG_HOME"), env::var_os("HOME"))
}

pub(super) fn default_path_from(
    config: Option<OsString>,
    home: Option<OsString>,
) -> Result<PathBuf, TokenError> {
    // The XDG specification: a relative path there is to be ignored.
    let absolute = |value: Option<OsString>| value.map(PathBuf::from).filter(|p| p.is_absolute());
    let config = match (absolute(config), absolute(home)) {
        (Some(config), _) => config,
        (None, Some(home)) => home.join(".config"),
        (None, None) => return Err(TokenError::NoHome),
    };
    Ok(config.join("dialtone/token"))
}

/// Whose process this is. std has no `geteuid`, but the kernel gives a process's own folder in
/// `/proc` to its user.
pub(super) fn our_user() -> io::Result<u32> {
    Ok(fs::metadata("/proc/self")?.uid())
}

/// Refuses a file that somebody else could put in the place of ours: every directory on the way
/// belongs to us or to root, and others may write into it only where the sticky bit keeps them
/// from touching our files.
pub(super) fn check_directories(path: &Path) -> Result<(), TokenError> {
    let failed = |dir: &Path, source| TokenError::Failed {
        what: "look at the directory",
        path: dir.to_owned(),
        source,
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Symbolic links on the way are resolved, so that the real directories are looked at.
    let parent = fs::canonicalize(parent).map_err(|source| failed(parent, source))?;
    let us = our_user().map_err(|source| failed(Path::new("/proc/self"), source))?;
    for dir in parent.ancestors() {
        let found = fs::metadata(dir).map_err(|source| failed(dir, source))?;
        if found.uid() != us && found.uid() != 0 {
            return Err(TokenError::Owner {
                path: dir.to_owned(),
                owner: found.uid(),
            });
        }
        let mode = found.mode() & 0o7777;
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(TokenError::OpenDirectory {
                path: dir.to_owned(),
                mode,
            });
        }
    }
    Ok(())
}
