//! Why a session is refused.

use std::fmt;
use std::io;

use super::FrameType;
use super::state::Unexpected;
use crate::reason;
use crate::wire::frame::FrameError;
use crate::wire::header::HeaderError;

/// The peer broke the protocol, or the stream failed.
#[derive(Debug)]
pub enum SessionError {
    /// The stream failed: a timeout, a reset.
    Io(io::Error),
    /// No frame, or not a whole one.
    Frame(FrameError),
    /// The header is not a session's.
    Header(HeaderError),
    /// The body is too long.
    TooLong {
        /// How long, as announced, in bytes.
        length: u64,
        /// The maximum, in bytes.
        limit: usize,
    },
    /// The peer closed in the middle of a body.
    Short {
        /// How many bytes had come.
        got: usize,
        /// How many there should have been.
        of: usize,
    },
    /// The authentication code is wrong: something on the way has changed, dropped, repeated or
    /// moved a frame.
    NotAuthentic {
        /// Which frame of its direction, counted from 0.
        frame: u64,
    },
    /// A frame of the handshake has a hash, though there is no key yet that it could be made with.
    HashWithoutKey(FrameType),
    /// No such type of frame. Holds its name, quoted and cut.
    UnknownType(String),
    /// A frame that may not come now.
    Unexpected(Unexpected),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&reason(error)),
            Self::Frame(error) => error.fmt(f),
            Self::Header(error) => error.fmt(f),
            Self::TooLong { length, limit } => {
                write!(f, "frame body of {length} bytes exceeds {limit}")
            }
            Self::Short { got, of } => write!(f, "got {got} of {of} bytes of a frame"),
            Self::NotAuthentic { frame } => {
                write!(f, "frame {frame} failed its authenticity check")
            }
            Self::HashWithoutKey(kind) => {
                write!(
                    f,
                    "{} frame with a hash, before there is a key",
                    kind.name()
                )
            }
            Self::UnknownType(name) => write!(f, "unexpected {name} frame: there is no such type"),
            Self::Unexpected(unexpected) => unexpected.fmt(f),
        }
    }
}

impl std::error::Error for SessionError {}

impl From<io::Error> for SessionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<FrameError> for SessionError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => Self::Io(error),
            error => Self::Frame(error),
        }
    }
}

impl From<HeaderError> for SessionError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl From<Unexpected> for SessionError {
    fn from(error: Unexpected) -> Self {
        Self::Unexpected(error)
    }
}
