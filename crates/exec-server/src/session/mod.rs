//! A connection that speaks the session protocol: authenticated, streaming, one command at a time.
//!
//! | module | what it is for |
//! |---|---|
//! | `waiting` | the budget of connections that are not authenticated yet |
//! | `handshake` | the handshake |
//! | `conversation` | what the two threads of a connection share |
//! | `turns` | how they take turns: one reads frames while the other runs a command |
//! | `feeder` | a command's input, written by a thread of its own |
//! | `output` | a command's output as sealed frames |

mod conversation;
mod feeder;
mod handshake;
mod output;
mod turns;
mod waiting;

pub use waiting::Waiting;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::{Peer, Stream, refuse};
use proto::socketserver::{Connection, RequestHandler};
use proto::wire::frame::Foreign;
use proto::wire::session::SessionError;
use proto::{reason, start_reason};

use crate::context::Context;

/// Serves one connection.
pub struct Session {
    stream: Arc<Stream>,
    peer: Peer,
    context: Arc<Context>,
    started: Instant,
    ended: Option<End>,
}

/// How a connection ended.
pub enum End {
    /// The client closed where it may.
    ClosedByPeer,
    /// It sent no command for so long.
    Idle(Duration),
    /// There were too many others that had not authenticated.
    Crowded(usize),
    /// It did not authenticate: why, in words for the client and the log.
    Refused(String),
    /// Another protocol.
    Foreign(Foreign),
    /// It broke the protocol.
    Violation(SessionError),
    /// There is no second thread to be had for it.
    NoThread(io::Error),
    /// The connection or the system failed.
    Failed(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl End {
    /// What the client is told, as a frame of its own, before the connection is closed.
    fn words(&self) -> Option<String> {
        match self {
            Self::Idle(limit) => Some(format!("no command for {}", show_duration(*limit))),
            Self::Refused(why) => Some(why.clone()),
            Self::Violation(error) => Some(error.to_string()),
            Self::NoThread(_) => Some(self.to_string()),
            Self::ClosedByPeer | Self::Crowded(_) | Self::Foreign(_) | Self::Failed(_) => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("closed by peer"),
            Self::Idle(limit) => write!(f, "closed, no command for {}", show_duration(*limit)),
            Self::Crowded(in_use) => {
                write!(f, "busy, {in_use} unauthenticated connections in use")
            }
            Self::Refused(why) => f.write_str(why),
            Self::Foreign(what) => write!(f, "this looks like {what}"),
            Self::Violation(error) => write!(f, "closed, {error}"),
            Self::NoThread(error) => {
                write!(f, "server cannot start a thread ({})", start_reason(error))
            }
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
        }
    }
}

impl Session {
    /// A handler for a connection that was just accepted.
    pub fn new(connection: Connection, context: Arc<Context>) -> Self {
        Self {
            stream: Arc::new(connection.stream),
            peer: connection.peer,
            context,
            started: Instant::now(),
            ended: None,
        }
    }

    fn serve(&self) -> Result<(), End> {
        let (stream, peer) = (&self.stream, self.peer);
        stream.set_nodelay()?;
        // Longer than any handshake that is under way may still take.
        let patience = self.context.options.handshake_timeout * 2;
        let place = self.context.waiting.enter(patience);
        let place = place.map_err(End::Crowded)?;
        let (sealer, opener) = handshake::authenticate(&self.context, stream, peer)?;
        drop(place);
        let log = self.context.options.log;
        log.info(format_args!("{peer} authenticated"));
        turns::take_turns(&self.context, stream, peer, sealer, opener)
    }
}

impl RequestHandler for Session {
    fn setup(&mut self) {
        let peer = self.peer;
        let log = self.context.options.log;
        log.info(format_args!("{peer} connected"));
    }

    fn handle(&mut self) {
        self.ended = Some(self.serve().err().unwrap_or(End::ClosedByPeer));
    }

    fn finish(&mut self) {
        let (peer, log) = (self.peer, self.context.options.log);
        let time = show_duration(self.started.elapsed());
        let Some(end) = &self.ended else {
            return log.info(format_args!(
                "{peer} closed after an internal error; {time}"
            ));
        };
        match end {
            End::Foreign(what) => self.context.log_foreign(peer, *what),
            End::Refused(_) | End::NoThread(_) => {
                log.error(format_args!("{peer} refused: {end}; {time}"))
            }
            _ => log.info(format_args!("{peer} {end}; {time}")),
        }
        if matches!(end, End::Foreign(_) | End::Crowded(_)) {
            // Nothing of the protocol has been said: plain words are all that may be understood.
            refuse(&self.stream, &end.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system's number for that is the one of a timeout, too.
    #[test]
    fn a_thread_that_is_not_to_be_had_is_no_timeout() {
        let end = End::NoThread(io::ErrorKind::WouldBlock.into());
        let words = "server cannot start a thread (thread or process limit reached)";
        assert_eq!(end.words().unwrap(), words);
        assert_eq!(end.to_string(), words);
    }
}
