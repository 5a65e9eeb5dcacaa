//! Errors of Unix-domain socket files, with their remedies.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::escape::shown_path;
use crate::reason;

/// The longest path that fits into the system's `sockaddr_un`, less the terminating zero.
pub(super) const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Why a socket file could not be created.
#[derive(Debug)]
pub enum SocketFileError {
    /// A running server listens there.
    InUse,
    /// Something that is not a socket is there; it is left alone.
    NotASocket {
        /// What it is.
        found: &'static str,
    },
    /// The path does not fit into a socket address.
    TooLong,
    /// The directory is missing or not writable.
    Parent {
        /// The directory.
        parent: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Every user may replace files in the directory.
    OpenParent {
        /// The directory.
        parent: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another user than this one and root owns the directory, and may replace files in it.
    ForeignParent {
        /// The directory.
        parent: PathBuf,
        /// The user's number.
        owner: u32,
    },
    /// A system call failed.
    Failed(io::Error),
}

impl fmt::Display for SocketFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str(
                "already in use by a running server; stop that one, or choose another path",
            ),
            Self::NotASocket { found } => {
                write!(
                    f,
                    "{found} is in the way and is left alone; remove it, or choose another path"
                )
            }
            Self::TooLong => write!(
                f,
                "the path is too long; at most {MAX_PATH} bytes fit into the address of a socket"
            ),
            Self::Parent { parent, source } => write!(
                f,
                "cannot create a file in {} ({}); choose a directory that exists and is yours",
                shown_path(parent),
                reason(source)
            ),
            Self::OpenParent { parent, mode } => write!(
                f,
                "anyone may replace files in {} (its mode is {mode:04o}, without the sticky bit); \
                 run: chmod o-w {0}",
                shown_path(parent),
            ),
            Self::ForeignParent { parent, owner } => write!(
                f,
                "{} belongs to user {owner}, who may replace files in it; choose a directory that is yours",
                shown_path(parent),
            ),
            Self::Failed(error) => f.write_str(&reason(error)),
        }
    }
}

impl std::error::Error for SocketFileError {}
