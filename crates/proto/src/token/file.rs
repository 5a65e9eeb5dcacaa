//! Reading and making the token file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::TokenError;
use super::path::{check_directories, our_user};

/// 64 hex digits and `\r\n`, and one byte more to see that there is more.
const ENOUGH: u64 = 67;

pub(super) fn read(path: &Path) -> Result<[u8; 32], TokenError> {
    let failed = |source| TokenError::Failed {
        what: "read the token file",
        path: path.to_owned(),
        source,
    };
    // Before it is opened: opening a FIFO would wait for a writer.
    let named = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(TokenError::Missing { path: path.into() });
        }
        Err(error) => return Err(failed(error)),
    };
    if !named.is_file() {
        return Err(TokenError::NotAFile { path: path.into() });
    }
    check_directories(path)?;
    let owner = named.uid();
    if owner != our_user().map_err(failed)? && owner != 0 {
        let path = path.into();
        return Err(TokenError::Owner { path, owner });
    }
    let mode = named.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.into();
        return Err(TokenError::OpenFile { path, mode });
    }
    let file = File::open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        // It was replaced between the look and the opening.
        return Err(TokenError::NotAFile { path: path.into() });
    }
    let mut text = Vec::new();
    file.take(ENOUGH).read_to_end(&mut text).map_err(failed)?;
    decode(&text).ok_or_else(|| TokenError::Content {
        path: path.into(),
        length: opened.len(),
    })
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

/// Puts a new token file at `path`; leaves one alone that was there first.
///
/// It is written whole under another name and then linked into place, so that nobody ever reads
/// half a token and the first of several wins.
pub(super) fn create(path: &Path, secret: &[u8; 32]) -> Result<(), TokenError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let failed = |source| TokenError::Failed {
        what: "make the token file",
        path: path.to_owned(),
        source,
    };
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(dir)
        .map_err(failed)?;
    check_directories(path)?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let draft = dir.join(format!(".token-{}-{number}", process::id()));
    // A process with our id may have died here. The directory is ours, so nobody else put it there.
    let _ = fs::remove_file(&draft);
    let written = write_draft(&draft, secret).and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn write_draft(draft: &Path, secret: &[u8; 32]) -> std::io::Result<()> {
    // `create_new` follows no symbolic link, and the mode is there from the first moment.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    file.write_all(format!("{digits}\n").as_bytes())?;
    file.sync_all()
}
