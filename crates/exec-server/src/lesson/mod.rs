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
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::{Peer, Stream, Trace, refuse};
use proto::reason;
use proto::socketserver::{Connection, RequestHandler};
use proto::wire::frame::Foreign;

use crate::context::Context;
use crate::engine::COMMAND_LIMIT;
use request::{Received, Requests};

/// Serves one connection.
pub struct Lesson {
    /// Shared with the thread that looks for resets.
    stream: Arc<Stream>,
    peer: Peer,
    context: Arc<Context>,
    started: Instant,
    ended: Option<End>,
}

/// How a connection ended.
enum End {
    ClosedByPeer,
    Idle(Duration),
    /// The client does not read what it asked for.
    Stalled(Duration),
    Foreign(Foreign),
    /// A command that went on and on.
    Endless,
    /// The client did not do what the protocol asks of it.
    NotReady(&'static str),
    Failed(io::Error),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for End {
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
            Self::Foreign(what) => write!(f, "refused: this looks like {what}"),
            Self::Endless => f.write_str("refused: its command did not come to an end"),
            Self::NotReady(what) => write!(f, "closed, {what}"),
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
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
            ended: None,
        }
    }

    fn serve(&self) -> Result<(), End> {
        self.stream.set_nodelay()?;
        let (options, peer) = (&self.context.options, self.peer);
        let log = options.log;
        let mut traced = Trace::new(&*self.stream, |event| log.trace(&peer, event));
        let mut requests = Requests::within(options.handshake_timeout);
        loop {
            self.context.set_timeouts(&self.stream)?;
            let reply = match requests.receive(&mut traced, &self.stream)? {
                Received::End => return Ok(()),
                Received::Idle => return Err(End::Idle(options.idle_timeout.unwrap_or_default())),
                Received::Endless => return Err(End::Endless),
                Received::Foreign(what) => return Err(End::Foreign(what)),
                Received::TooLong(length) => reply::too_long(&self.context, self.peer, length),
                Received::Command(command) => {
                    reply::run(&self.context, &self.stream, self.peer, command)
                }
            };
            // A long request may have moved them.
            self.context.set_timeouts(&self.stream)?;
            reply
                .send(&mut traced, &self.context, &self.stream, self.peer)
                .map_err(|end| match end {
                    End::Failed(error) if error.kind() == ErrorKind::WouldBlock => {
                        End::Stalled(options.write_timeout)
                    }
                    other => other,
                })?;
        }
    }
}

impl RequestHandler for Lesson {
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
        match &self.ended {
            Some(End::Foreign(what)) => {
                self.context.log_foreign(peer, *what);
                refuse(&self.stream, &format!("this looks like {what}"));
            }
            Some(end) => {
                log.info(format_args!("{peer} {end}; {time}"));
                if matches!(end, End::Endless) {
                    let words =
                        format!("no end of the command found; the limit is {COMMAND_LIMIT}");
                    refuse(&self.stream, &words);
                }
            }
            None => log.info(format_args!(
                "{peer} closed after an internal error; {time}"
            )),
        }
    }
}
