//! What is wrong with a token file, and what mends it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::random::NoRandomness;
use crate::reason;

/// Why there is no token. No text of it ever shows what the file holds.
#[derive(Debug)]
pub enum TokenError {
    /// Neither `XDG_CONFIG_HOME` nor `HOME` says where it would be.
    NoHome,
    /// There is no such file.
    Missing {
        /// The token file.
        path: PathBuf,
    },
    /// It is a directory, a FIFO, a symbolic link, a device.
    NotAFile {
        /// The token file.
        path: PathBuf,
    },
    /// Others may read or write it.
    OpenFile {
        /// The token file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may put another file in its place.
    OpenDirectory {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It, or a directory that it is in, belongs to another user.
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// The number of that user.
        owner: u32,
    },
    /// It does not hold 64 hex digits.
    Content {
        /// The token file.
        path: PathBuf,
        /// How many bytes it holds.
        length: u64,
    },
    /// A system call failed.
    Failed {
        /// What was to be done: `read the token file`.
        what: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing to make a secret from.
    Random(NoRandomness),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => f.write_str(
                "cannot tell where the token file is (HOME is not set); name it with --token-file",
            ),
            Self::Missing { path } => write!(
                f,
                "there is no token file {}; start the server once on this machine, or copy the \
                 server's file here",
                path.display()
            ),
            Self::NotAFile { path } => write!(
                f,
                "the token file {} is not a regular file; name one with --token-file",
                path.display()
            ),
            Self::OpenFile { path, mode } => write!(
                f,
                "permissions {mode:04o} for '{}' are too open; run: chmod 600 {0}",
                path.display()
            ),
            Self::OpenDirectory { path, mode } => write!(
                f,
                "permissions {mode:04o} for the directory '{}' let others replace the token file; \
                 run: chmod go-w {0}",
                path.display()
            ),
            Self::Owner { path, owner } => write!(
                f,
                "'{}' belongs to another user (number {owner}); use a token file of your own",
                path.display()
            ),
            Self::Content { path, length } => write!(
                f,
                "the token file {} does not hold a token (64 hex digits; it has {length} bytes); \
                 copy the server's file, or remove this one and start the server",
                path.display()
            ),
            Self::Failed { what, path, source } => {
                write!(f, "cannot {what} {} ({})", path.display(), reason(source))
            }
            Self::Random(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TokenError {}
