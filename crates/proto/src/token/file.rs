//! Reads and creates the token file.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::{TokenError, TokenProblem};
use super::path::{check_directory, directory_of, our_user};

/// 64 hex digits, `\r\n`, and one byte more to detect a longer file.
const ENOUGH: u64 = 67;

pub(super) fn read(path: &Path) -> Result<[u8; 32], TokenError> {
    let refuse = |problem| TokenError {
        path: path.into(),
        problem,
    };
    let failed = |error| refuse(TokenProblem::Failed("read the token file", error));
    // Checked before it is opened, because opening a FIFO would wait for a writer.
    let named = fs::symlink_metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => refuse(TokenProblem::Missing),
        _ => failed(error),
    })?;
    if !named.is_file() {
        return Err(refuse(TokenProblem::NotAFile));
    }
    check_directory(directory_of(path))?;
    let owner = named.uid();
    if owner != our_user()? && owner != 0 {
        return Err(refuse(TokenProblem::Owner(owner)));
    }
    let mode = named.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refuse(TokenProblem::OpenFile(mode)));
    }
    let file = File::open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        // It was replaced between the check and the opening.
        return Err(refuse(TokenProblem::NotAFile));
    }
    let mut text = Vec::new();
    file.take(ENOUGH).read_to_end(&mut text).map_err(failed)?;
    decode(&text).ok_or_else(|| refuse(TokenProblem::Content(opened.len())))
}

/// 64 hex digits, with or without a line end.
fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = text.strip_suffix(b"\r").unwrap_or(text);
    let digits: &[u8; 64] = digits.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
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
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(not_made(path, error)),
        _ => Ok(()),
    }
}

fn not_made(path: &Path, error: io::Error) -> TokenError {
    TokenError {
        path: path.into(),
        problem: TokenProblem::Failed("make", error),
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
    .map_err(|error| not_made(dir, error))
}

fn write_draft(draft: &Path, secret: &[u8; 32]) -> io::Result<()> {
    // `create_new` follows no symbolic link, and `mode` makes the file private from the start.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(format!("{digits}\n").as_bytes())?;
    file.sync_all()
}
