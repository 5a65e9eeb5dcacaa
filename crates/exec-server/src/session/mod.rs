//! A connection that speaks the session protocol: authenticated, streaming, one command at a time.
//!
//! Two threads serve it. The reader, which is the connection's own, starts commands and notices when
//! the client leaves; the runner hands on their output.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake |
//! | `reader`, `runner` | the two threads |
//! | `shared` | what they share |
//! | `output` | a command's output as sealed frames |
//! | `close_reason` | how a connection ended |

mod close_reason;
mod handshake;
mod output;
mod reader;
mod runner;
mod shared;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Instant;

use proto::net::{Peer, Stream, Trace, TraceEvent, refuse};
use proto::socketserver::{Connection, RequestHandler};
use proto::wire::session::{Opener, Sealer};

use crate::context::Context;
use close_reason::CloseReason;
use output::FrameWriter;
use reader::{Incoming, Link};
use runner::Runner;
use shared::Shared;

/// Serves one connection.
pub struct Session {
    stream: Arc<Stream>,
    peer: Peer,
    context: Arc<Context>,
    started: Instant,
    authenticated: bool,
    closed: Option<CloseReason>,
}

impl Session {
    /// A handler for a connection that was just accepted.
    pub fn new(connection: Connection, context: Arc<Context>) -> Self {
        Self {
            stream: Arc::new(connection.stream),
            peer: connection.peer,
            context,
            started: Instant::now(),
            authenticated: false,
            closed: None,
        }
    }

    fn serve(&mut self) -> Result<CloseReason, CloseReason> {
        self.stream.set_nodelay()?;
        let (sealer, opener) = {
            let permit = self.context.unauthenticated.enter();
            let _permit = permit.map_err(CloseReason::LimitReached)?;
            handshake::authenticate(&self.context, &self.stream, self.peer)?
        };
        self.authenticated = true;
        let (peer, log) = (self.peer, self.context.options.log);
        log.info(format_args!("{peer} authenticated"));
        self.context.set_timeouts(&self.stream)?;
        self.converse(sealer, opener)
    }

    fn converse(&self, sealer: Sealer, opener: Opener) -> Result<CloseReason, CloseReason> {
        let (peer, log) = (self.peer, self.context.options.log);
        let writer = FrameWriter::new(log, &self.stream, peer, sealer);
        let shared = Arc::new(Shared::new(&self.stream, writer));
        let (to_runner, queue) = mpsc::sync_channel(1);
        let runner = Runner {
            context: Arc::clone(&self.context),
            shared: Arc::clone(&shared),
            peer,
            queue,
        };
        let mut link = Link::new(&self.context, &shared, to_runner);
        let runner = match self.context.pool.start(move || runner.run()) {
            Ok(runner) => runner,
            Err(error) => {
                let reason = CloseReason::NoThread(error);
                link.say_why(&reason);
                return Err(reason);
            }
        };
        let watch = |event: &TraceEvent<'_>| log.trace(&peer, event);
        let mut incoming = Incoming::new(Trace::new(&*self.stream, watch), opener);
        let reason = incoming.read(&mut link);
        let reason = shared.reader_ends().unwrap_or_else(|| {
            link.say_why(&reason);
            reason
        });
        // Ends the command that runs, and with it the runner.
        drop(link);
        let _ = runner.join();
        Ok(reason)
    }
}

impl RequestHandler for Session {
    fn handle(&mut self) {
        let (Ok(reason) | Err(reason)) = self.serve();
        self.closed = Some(reason);
    }

    fn finish(&mut self) {
        let (peer, context) = (self.peer, &self.context);
        let Some(reason) = &self.closed else {
            return context.log_closed(peer, &"closed after an internal error", self.started);
        };
        if self.authenticated {
            return context.log_closed(peer, reason, self.started);
        }
        context.log_stranger(peer, reason.kind(), reason);
        if matches!(
            reason,
            CloseReason::WrongProtocol(_) | CloseReason::LimitReached(_)
        ) {
            // Nothing of the protocol has been said: plain words are all that may be understood.
            refuse(&self.stream, &reason.to_string());
        }
    }
}
