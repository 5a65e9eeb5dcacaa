//! The errors of a session.

use std::fmt;
use std::io;

use super::FrameType;
use crate::reason;
use crate::wire::frame::FrameError;
use crate::wire::header::HeaderError;

/// The peer broke the protocol, or the stream failed.
#[derive(Debug)]
pub enum SessionError {
    /// The stream failed, for example by a timeout or a reset.
    Io(io::Error),
    /// The bytes are not a frame, or not a whole one.
    Frame(FrameError),
    /// The header is not valid in a session.
    Header(HeaderError),
    /// The body is too long.
    TooLong {
        /// The announced length in bytes.
        length: u64,
        /// The maximum, in bytes.
        limit: usize,
    },
    /// The peer closed in the middle of a body.
    Short {
        /// The bytes received.
        got: usize,
        /// The bytes expected.
        of: usize,
    },
    /// The authentication code is wrong: a frame was changed, dropped, repeated or moved on its
    /// way.
    NotAuthentic {
        /// The number of the frame in its direction, from 0.
        frame: u64,
    },
    /// A frame of the handshake has a hash, although there is no key yet.
    HashWithoutKey(FrameType),
    /// The frame type is unknown. Holds its name, quoted and cut.
    UnknownType(String),
    /// The frame is not allowed now.
    Unexpected {
        /// Its type.
        kind: FrameType,
        /// `in state idle`, or another reason.
        when: &'static str,
    },
    /// The body of `exit` is not a status.
    MalformedExit,
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
                let kind = kind.name();
                write!(f, "{kind} frame with a hash, before there is a key")
            }
            Self::UnknownType(name) => write!(f, "unexpected {name} frame: there is no such type"),
            Self::Unexpected { kind, when } => {
                write!(f, "unexpected {} frame {when}", kind.name())
            }
            Self::MalformedExit => f.write_str("malformed exit frame"),
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
