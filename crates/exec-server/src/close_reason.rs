//! How a connection ended.

use std::fmt;
use std::io;
use std::time::Duration;

use proto::cli::show_duration;
use proto::wire::WrongProtocol;
use proto::wire::session::SessionError;
use proto::{is_timeout, reason, start_reason};

use crate::engine::COMMAND_LIMIT;

/// How a connection ended.
#[derive(Debug)]
pub enum CloseReason {
    /// The client closed where it may.
    ClosedByPeer,
    /// It sent no command for so long.
    Idle(Duration),
    /// It took nothing of its output for so long.
    Stalled(Duration),
    /// Nothing has come from it, nor from its system, for three intervals of this length.
    Vanished(Duration),
    /// Too many others have not authenticated yet: so many.
    LimitReached(usize),
    /// It did not authenticate: why, in words for the client and the log.
    Refused(String),
    /// Another protocol.
    WrongProtocol(WrongProtocol),
    /// It broke the session protocol.
    Violation(SessionError),
    /// It did not answer a length as it should.
    NotReady(&'static str),
    /// A request that may have been cut, so that what follows may be the rest of it.
    MaybeCut,
    /// A request that went on and on.
    Endless,
    /// There is no second thread to be had for it.
    NoThread(io::Error),
    /// The connection or the system failed.
    Failed(io::Error),
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<SessionError> for CloseReason {
    fn from(error: SessionError) -> Self {
        Self::Violation(error)
    }
}

impl CloseReason {
    /// The same, of a write that may take so long.
    pub fn of_write(self, limit: Option<Duration>) -> Self {
        match (self, limit) {
            (Self::Failed(error), Some(limit)) if is_timeout(&error) => Self::Stalled(limit),
            (other, _) => other,
        }
    }

    /// What the client of a session is told, as a frame of its own, before the connection is closed.
    pub fn last_frame(&self) -> Option<String> {
        match self {
            Self::Idle(limit) => Some(format!("no command for {}", show_duration(*limit))),
            Self::Violation(error) => Some(error.to_string()),
            Self::Refused(_) | Self::NoThread(_) => Some(self.to_string()),
            _ => None,
        }
    }

    /// What the client is told in plain words, as the last line of the connection.
    pub fn last_line(&self) -> Option<String> {
        match self {
            Self::WrongProtocol(_) | Self::LimitReached(_) | Self::NotReady(_) | Self::Endless => {
                Some(self.to_string())
            }
            _ => None,
        }
    }

    /// One word for those of a kind, which the log counts together before authentication.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::LimitReached(_) => "limit",
            Self::Refused(_) => "authentication",
            Self::WrongProtocol(_) => "protocol",
            Self::Violation(_) => "violation",
            _ => "closed",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("closed by peer"),
            Self::Idle(limit) => write!(f, "closed, no command for {}", show_duration(*limit)),
            Self::Stalled(limit) => {
                let limit = show_duration(*limit);
                write!(f, "closed, its peer read nothing for {limit}")
            }
            Self::Vanished(interval) => {
                let interval = show_duration(*interval);
                write!(
                    f,
                    "closed, its peer answered nothing for 3 times {interval}"
                )
            }
            Self::LimitReached(in_use) => {
                write!(f, "busy, {in_use} unauthenticated connections in use")
            }
            Self::Refused(why) => f.write_str(why),
            Self::WrongProtocol(what) => write!(f, "this looks like {what}"),
            Self::Violation(error) => write!(f, "closed, {error}"),
            Self::NotReady(what) => f.write_str(what),
            Self::MaybeCut => f.write_str("closed after a request that may have been cut"),
            Self::Endless => {
                write!(
                    f,
                    "no end of the command found; the limit is {COMMAND_LIMIT}"
                )
            }
            Self::NoThread(error) => {
                write!(f, "server cannot start a thread ({})", start_reason(error))
            }
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system's number for that is the one of a timeout, too.
    #[test]
    fn a_thread_that_is_not_to_be_had_is_no_timeout() {
        let reason = CloseReason::NoThread(io::ErrorKind::WouldBlock.into());
        let words = "server cannot start a thread (thread or process limit reached)";
        assert_eq!(reason.last_frame().unwrap(), words);
        assert_eq!(reason.to_string(), words);
    }
}
