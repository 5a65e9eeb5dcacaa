//! Random bytes that cannot be guessed.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::reason;

/// The system's source of secure random bytes: Python's `os.urandom`.
///
/// It is `/dev/urandom` and nothing else: an attacker may be able to predict std's `RandomState`,
/// and can predict a clock. If the device is missing, there is an error and no secret.
///
/// ```
/// let random = proto::random::Random::open()?;
/// assert_ne!(random.bytes()?, random.bytes()?);
/// # Ok::<(), proto::random::NoRandomness>(())
/// ```
#[derive(Debug)]
pub struct Random(File);

impl Random {
    /// Opens the source.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] if the device is missing, as in a bare chroot, or cannot be read.
    pub fn open() -> Result<Self, NoRandomness> {
        Self::open_at(Path::new("/dev/urandom"))
    }

    fn open_at(path: &Path) -> Result<Self, NoRandomness> {
        let file = File::open(path).map_err(NoRandomness)?;
        let found = file.metadata().map_err(NoRandomness)?;
        if found.is_file() {
            // It would give the same bytes every time.
            let error = io::Error::other("/dev/urandom is not a device");
            return Err(NoRandomness(error));
        }
        // Reads once, so that a device without data is noticed at the start.
        let random = Self(file);
        random.bytes()?;
        Ok(random)
    }

    /// 32 fresh random bytes.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] if the source ends early.
    pub fn bytes(&self) -> Result<[u8; 32], NoRandomness> {
        let mut bytes = [0; 32];
        let mut source = &self.0;
        source.read_exact(&mut bytes).map_err(NoRandomness)?;
        Ok(bytes)
    }
}

/// The system gives no secure random bytes.
#[derive(Debug)]
pub struct NoRandomness(io::Error);

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no secure randomness (/dev/urandom: {}); without it no secret can be made",
            reason(&self.0)
        )
    }
}

impl std::error::Error for NoRandomness {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_reads_differ() {
        let opened = Random::open();
        assert_eq!(opened.is_ok(), cfg!(unix));
        if let Ok(random) = opened {
            assert_ne!(random.bytes().unwrap(), random.bytes().unwrap());
        }
    }

    #[test]
    fn a_regular_file_or_an_empty_device_is_refused() {
        let missing = Random::open_at(Path::new("/nonexistent/urandom")).unwrap_err();
        assert!(missing.to_string().starts_with("no secure randomness"));
        assert!(Random::open_at(Path::new("/etc/passwd")).is_err());
        let short = Random::open_at(Path::new("/dev/null")).unwrap_err();
        assert!(short.to_string().starts_with("no secure randomness"));
    }
}
