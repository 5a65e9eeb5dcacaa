//! The errors of a frame.

use std::fmt;
use std::io;

use super::PREFIX;
use crate::reason;
use crate::wire::WrongProtocol;

/// The bytes are not a frame, or not a whole one. [`encode`](super::encode) returns
/// [`Empty`](Self::Empty) or [`TooLong`](Self::TooLong) for a header that no reader accepts.
///
/// The text never contains bytes from the peer.
///
/// ```
/// use proto::wire::WrongProtocol;
/// use proto::wire::frame::{FrameError, read};
///
/// let error = read(&mut &b"GET / HTTP/1.1"[..], 1024, &mut Vec::new()).unwrap_err();
/// let found = WrongProtocol::HttpRequest;
/// assert!(matches!(error, FrameError::WrongProtocol { found: it, .. } if it == found));
///
/// let error = read(&mut &b"\xff\xff\xff\xff"[..], 1024, &mut Vec::new()).unwrap_err();
/// assert_eq!(error.to_string(), "header length -1 is negative");
/// ```
#[derive(Debug)]
pub enum FrameError {
    /// The stream failed, for example by a timeout or a reset.
    Io(io::Error),
    /// The peer closed in the middle of a frame.
    Short {
        /// The bytes received.
        got: usize,
        /// The bytes expected.
        of: usize,
    },
    /// The length is negative. Holds the length.
    Negative(i32),
    /// The length is zero.
    Empty,
    /// The length is over the limit.
    TooLong {
        /// The length that was announced.
        length: i32,
        /// The maximum, in bytes.
        limit: usize,
    },
    /// The four bytes are not a length but the beginning of another protocol.
    WrongProtocol {
        /// The other protocol.
        found: WrongProtocol,
        /// The four bytes.
        prefix: [u8; PREFIX],
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&reason(error)),
            Self::Short { got, of } => write!(f, "got {got} of {of} bytes of a header"),
            Self::Negative(length) => write!(f, "header length {length} is negative"),
            Self::Empty => f.write_str("header is empty"),
            Self::TooLong { length, limit } => {
                write!(f, "header length {length} exceeds {limit}")
            }
            Self::WrongProtocol { found, .. } => write!(f, "this looks like {found}"),
        }
    }
}

impl std::error::Error for FrameError {}

impl FrameError {
    /// The four bytes that are not a valid length: the beginning of what the peer sent, for an
    /// error message. No byte after them was read.
    pub fn prefix(&self) -> Option<[u8; PREFIX]> {
        match self {
            Self::Negative(length) | Self::TooLong { length, .. } => Some(length.to_le_bytes()),
            Self::WrongProtocol { prefix, .. } => Some(*prefix),
            Self::Io(_) | Self::Short { .. } | Self::Empty => None,
        }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The error for an impossible length. The likely reason is a program that speaks another protocol.
pub(super) fn refused(prefix: [u8; PREFIX], limit: usize) -> FrameError {
    let length = i32::from_le_bytes(prefix);
    match WrongProtocol::of_prefix(prefix) {
        Some(found) => FrameError::WrongProtocol { found, prefix },
        None if length < 0 => FrameError::Negative(length),
        None => FrameError::TooLong { length, limit },
    }
}
