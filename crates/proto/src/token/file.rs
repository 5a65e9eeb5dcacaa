//! Finds, reads and creates the token file, and checks that its directory is safe.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::TokenError;
use crate::escape::{shown_path, unhex};
use crate::reason;
use crate::sys::{create_private, directory_of};

/// 64 hex digits, `\r\n`, and one byte more to detect a longer file.
const ENOUGH: u64 = 67;

fn failed(what: &str, path: &Path) -> impl Fn(io::Error) -> TokenError {
    move |error| {
        let why = reason(&error);
        TokenError(format!("cannot {what} {} ({why})", shown_path(path)))
    }
}

/// The token in the file; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<[u8; 32]>, TokenError> {
    let failed = failed("read the token file", path);
    let shown = shown_path(path);
    // Checked before it is opened, because opening a FIFO would wait for a writer.
    let named = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        named => named.map_err(&failed)?,
    };
    if !named.is_file() {
        return Err(TokenError(format!(
            "the token file {shown} is not a regular file; name one with --token-file"
        )));
    }
    check_directory(directory_of(path))?;
    check_owner(path, &named)?;
    let mode = named.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(TokenError(format!(
            "permissions {mode:04o} for '{shown}' are too open; run: chmod 600 {shown}"
        )));
    }
    // No other user can replace it in these directories.
    let file = File::open(path).map_err(&failed)?;
    let mut text = Vec::new();
    file.take(ENOUGH).read_to_end(&mut text).map_err(&failed)?;
    let secret = decode(&text).ok_or_else(|| {
        TokenError(format!(
            "the token file {shown} does not hold a token (64 hex digits; it has {} bytes); copy the \
             server's file, or remove this one and start the server",
            named.len()
        ))
    })?;
    Ok(Some(secret))
}

/// The owner must be this user or root.
fn check_owner(path: &Path, found: &Metadata) -> Result<(), TokenError> {
    let owner = found.uid();
    if owner == 0 || owner == our_user()? {
        return Ok(());
    }
    Err(TokenError(format!(
        "'{}' belongs to another user (ID {owner}); use a token file of your own",
        shown_path(path)
    )))
}

/// 64 hex digits, with or without a line end.
fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = text.strip_suffix(b"\r").unwrap_or(text);
    unhex(digits)?.try_into().ok()
}

/// Creates a token file at `path`, unless there is one already.
///
/// The file is written under another name and then linked into place, so that no server reads half
/// a token, and the first of several servers wins.
pub(super) fn create(path: &Path, secret: &[u8; 32]) -> Result<(), TokenError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let dir = directory_of(path);
    make_directory(dir)?;
    check_directory(dir)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let draft = dir.join(format!(".token-{}-{number}", process::id()));
    // An earlier process with our ID may have died here and left a draft.
    let _ = fs::remove_file(&draft);
    let written = write_draft(&draft, secret).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("make", path)(error)),
        _ => Ok(()),
    }
}

/// Creates a directory and its missing parents. The nearest existing parent is checked first: a
/// directory that root creates in another user's home would lock that user out.
fn make_directory(dir: &Path) -> Result<(), TokenError> {
    if dir.is_dir() {
        return check_directory(dir);
    }
    make_directory(directory_of(dir))?;
    match DirBuilder::new().mode(0o700).create(dir) {
        // The umask may have removed the owner's permissions.
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(0o700)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(failed("make", dir))
}

fn write_draft(draft: &Path, secret: &[u8; 32]) -> io::Result<()> {
    let mut file = create_private(draft)?;
    // The umask may have removed the owner's permissions.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(format!("{digits}\n").as_bytes())?;
    file.sync_all()
}

/// The default path of the token file: `$XDG_CONFIG_HOME/dialtone/token`, else
/// `~/.config/dialtone/token`.
///
/// # Errors
///
/// [`TokenError`] if neither variable is set, or its directory is in no place where one may be
/// made.
pub fn default_path() -> Result<PathBuf, TokenError> {
    default_path_from(env::var_os("XDG_CONFIG_HOME"), env::var_os("HOME"))
}

pub(super) fn default_path_from(
    config: Option<OsString>,
    home: Option<OsString>,
) -> Result<PathBuf, TokenError> {
    let refused = |name: &str, path: &Path, why: &str| {
        TokenError(format!(
            "{name} is {}, {why}; name the token file with --token-file",
            shown_path(path)
        ))
    };
    let set = |value: Option<OsString>| value.filter(|it| !it.is_empty()).map(PathBuf::from);
    // The XDG specification says to ignore a relative path, and to make a directory that is
    // missing; but what that is in is never ours to make.
    if let Some(config) = set(config).filter(|it| it.is_absolute()) {
        if !directory_of(&config).is_dir() {
            let why = "which is in no directory that exists";
            return Err(refused("XDG_CONFIG_HOME", &config, why));
        }
        return Ok(config.join("dialtone/token"));
    }
    let home = set(home).ok_or_else(|| {
        let why =
            "cannot tell where the token file is (HOME is not set); name it with --token-file";
        TokenError(why.to_owned())
    })?;
    let why = if home.is_relative() {
        "which is no absolute path"
    } else if !home.is_dir() {
        "which does not exist"
    } else {
        return Ok(home.join(".config/dialtone/token"));
    };
    Err(refused("HOME", &home, why))
}

/// The effective user ID. std has no `geteuid`, but `/proc/self` belongs to the process's user, and
/// without `/proc` a new file does.
pub(super) fn our_user() -> Result<u32, TokenError> {
    let dir = env::temp_dir();
    fs::metadata("/proc/self")
        .map(|found| found.uid())
        .or_else(|_| owner_of_a_new_file(&dir))
        .map_err(failed("find out our user ID from a new file in", &dir))
}

/// Makes a file, and removes it.
pub(super) fn owner_of_a_new_file(dir: &Path) -> io::Result<u32> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    let path = dir.join(format!("dialtone-{}-{now}", process::id()));
    let found = create_private(&path)?.metadata();
    // If that fails, an empty file is left over.
    let _ = fs::remove_file(&path);
    Ok(found?.uid())
}

/// Refuses a directory in which another user could replace our file. The directory and all its
/// parents must belong to us or to root, and others may write into them only if the sticky bit
/// protects our files.
fn check_directory(dir: &Path) -> Result<(), TokenError> {
    let what = "check the directory";
    // Symbolic links are resolved, so that the real directories are checked.
    let real = fs::canonicalize(dir).map_err(failed(what, dir))?;
    for dir in real.ancestors() {
        let found = fs::metadata(dir).map_err(failed(what, dir))?;
        check_owner(dir, &found)?;
        let mode = found.mode() & 0o7777;
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            let shown = shown_path(dir);
            return Err(TokenError(format!(
                "permissions {mode:04o} for the directory '{shown}' let others replace the token file; \
                 run: chmod go-w {shown}"
            )));
        }
    }
    Ok(())
}
