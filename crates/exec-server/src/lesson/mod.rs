//! A connection that speaks one of the lesson's three protocols: a command comes raw, its whole
//! output goes back, and then the next.
//!
//! | module | what it is for |
//! |---|---|
//! | `request` | where a command ends, in a stream that does not say |
//! | `reply` | running it, and what goes back: the three framings |

mod reply;
mod request;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::{Peer, Stream, Trace, lingering_close, refuse};
use proto::socketserver::{Connection, RequestHandler};
use proto::wire::WrongProtocol;
use proto::{is_timeout, reason};

use crate::context::Context;
use crate::engine::COMMAND_LIMIT;
use request::{Received, Requests};

/// Serves one connection.
pub struct Lesson {
    /// Shared with the engine's clock, which looks for resets.
    stream: Arc<Stream>,
    peer: Peer,
    context: Arc<Context>,
    started: Instant,
    /// Whether a request has come, so that its end is worth a line in the log.
    asked: bool,
    closed: Option<CloseReason>,
}

/// How a connection ended.
enum CloseReason {
    ClosedByPeer,
    Idle(Duration),
    /// The client does not read what it asked for.
    Stalled(Duration),
    WrongProtocol(WrongProtocol),
    /// A request that may have been cut, so that what follows it may be the rest of it.
    MaybeCut,
    /// A command that went on and on.
    Endless,
    /// The client did not do what the protocol asks of it.
    NotReady(&'static str),
    Failed(io::Error),
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("closed by peer"),
            Self::Idle(limit) => write!(f, "closed, idle {}", show_duration(*limit)),
            Self::Stalled(limit) => {
                write!(
                    f,
                    "closed, its peer read nothing for {}",
                    show_duration(*limit)
                )
            }
            Self::WrongProtocol(what) => write!(f, "this looks like {what}"),
            Self::MaybeCut => f.write_str("closed after a request that may have been cut"),
            Self::Endless => {
                write!(
                    f,
                    "no end of the command found; the limit is {COMMAND_LIMIT}"
                )
            }
            Self::NotReady(what) => write!(f, "closed, {what}"),
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
        }
    }
}

impl CloseReason {
    /// What the client is told, as the last line of its connection.
    fn words(&self) -> Option<String> {
        match self {
            Self::WrongProtocol(_) | Self::Endless => Some(self.to_string()),
            Self::NotReady(what) => Some((*what).into()),
            _ => None,
        }
    }
}

impl Lesson {
    /// A handler for a connection that was just accepted.
    pub fn new(connection: Connection, context: Arc<Context>) -> Self {
        Self {
            stream: Arc::new(connection.stream),
            peer: connection.peer,
            context,
            started: Instant::now(),
            asked: false,
            closed: None,
        }
    }

    fn serve(&mut self) -> Result<(), CloseReason> {
        self.stream.set_nodelay()?;
        let (options, peer) = (&self.context.options, self.peer);
        let log = options.log;
        let mut traced = Trace::new(&*self.stream, |event| log.trace(&peer, event));
        let mut requests = Requests::within(options.handshake_timeout);
        loop {
            self.context.set_timeouts(&self.stream)?;
            let request = match requests.receive(&mut traced, &self.stream)? {
                Received::End => return Ok(()),
                Received::Idle => {
                    let limit = options.idle_timeout.unwrap_or_default();
                    return Err(CloseReason::Idle(limit));
                }
                Received::Endless => return Err(CloseReason::Endless),
                Received::WrongProtocol(what) => return Err(CloseReason::WrongProtocol(what)),
                Received::Request(request) => request,
            };
            self.asked = true;
            // A server that stops lets the command finish.
            let _held = self.stream.hold_input();
            let reply = if request.length > COMMAND_LIMIT {
                reply::too_long(&self.context, peer, request.length)
            } else {
                reply::run(&self.context, &self.stream, peer, request.command)
            };
            // A long request may have moved them.
            self.context.set_timeouts(&self.stream)?;
            reply
                .send(&mut traced, &self.context, &self.stream, peer)
                .map_err(|reason| match (reason, options.write_timeout()) {
                    (CloseReason::Failed(error), Some(limit)) if is_timeout(&error) => {
                        CloseReason::Stalled(limit)
                    }
                    (other, _) => other,
                })?;
            if request.may_be_cut {
                return Err(CloseReason::MaybeCut);
            }
        }
    }
}

impl RequestHandler for Lesson {
    fn handle(&mut self) {
        let served = self.serve();
        self.closed = Some(served.err().unwrap_or(CloseReason::ClosedByPeer));
    }

    fn finish(&mut self) {
        let (peer, context) = (self.peer, &self.context);
        let Some(reason) = &self.closed else {
            return context.log_closed(peer, &"closed after an internal error", self.started);
        };
        match reason {
            CloseReason::WrongProtocol(_) => context.log_stranger(peer, "protocol", reason),
            _ if self.asked => context.log_closed(peer, reason, self.started),
            _ => context.log_stranger(peer, "closed", reason),
        }
        if let Some(words) = reason.words() {
            refuse(&self.stream, &words);
        } else if matches!(reason, CloseReason::MaybeCut) {
            // The rest of the request must not take the reply along.
            lingering_close(&self.stream);
        }
    }
}
