//! How a connection ended.

use std::fmt;
use std::io;
use std::time::Duration;

use proto::cli::show_duration;
use proto::wire::WrongProtocol;
use proto::wire::session::SessionError;
use proto::{is_timeout, reason, start_reason};

/// How a connection ended.
#[derive(Debug)]
pub enum CloseReason {
    /// The client closed, between two commands or frames.
    ClosedByPeer,
    /// The client sent no command for this time.
    Idle(Duration),
    /// The client read none of its output for this time.
    Stalled(Duration),
    /// Neither the client nor its kernel has answered for three intervals of this length.
    Vanished(Duration),
    /// The limit on unauthenticated connections is reached. Holds their number.
    LimitReached(usize),
    /// The client did not authenticate, or cannot be served. Holds the reason, for the client and
    /// the log.
    Refused(String),
    /// The client speaks another protocol.
    WrongProtocol(WrongProtocol),
    /// The client broke the session protocol.
    Violation(SessionError),
    /// The client broke a lesson protocol. Holds the reason, for the client and the log.
    NotUnderstood(String),
    /// The request may be incomplete, so the next bytes may be the rest of it.
    MaybeCut,
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
        match error {
            SessionError::Io(error) => Self::Failed(error),
            other => Self::Violation(other),
        }
    }
}

impl CloseReason {
    /// A thread that the connection needs could not be started.
    pub fn no_thread(error: &io::Error) -> Self {
        let why = start_reason(error);
        Self::Refused(format!("server cannot start a thread ({why})"))
    }

    /// The reason for an error of a write with this timeout.
    pub fn of_write(self, limit: Option<Duration>) -> Self {
        match (self, limit) {
            (Self::Failed(error), Some(limit)) if is_timeout(&error) => Self::Stalled(limit),
            (other, _) => other,
        }
    }

    /// The text of the last `error` frame for the client of a session.
    pub fn last_frame(&self) -> Option<String> {
        match self {
            Self::Idle(limit) => Some(format!("no command for {}", show_duration(*limit))),
            Self::Violation(error) => Some(error.to_string()),
            Self::Refused(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// The last line of the connection, for a client that does not speak frames.
    pub fn last_line(&self) -> Option<String> {
        match self {
            Self::WrongProtocol(_) | Self::LimitReached(_) | Self::NotUnderstood(_) => {
                Some(self.to_string())
            }
            _ => None,
        }
    }

    /// The kind of the reason: the log counts the lines of one kind together before authentication.
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
            Self::Refused(why) | Self::NotUnderstood(why) => f.write_str(why),
            Self::WrongProtocol(what) => write!(f, "this looks like {what}"),
            Self::Violation(error) => write!(f, "closed, {error}"),
            Self::MaybeCut => f.write_str("closed after a request that may have been cut"),
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error for both is EAGAIN.
    #[test]
    fn a_thread_that_cannot_be_started_is_not_reported_as_a_timeout() {
        let reason = CloseReason::no_thread(&io::ErrorKind::WouldBlock.into());
        let words = "server cannot start a thread (thread or process limit reached)";
        assert_eq!(reason.last_frame().unwrap(), words);
        assert_eq!(reason.to_string(), words);
    }
}
