//! Serves and logs one connection.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proto::cli::{Log, show_duration};
use proto::escape::quoted;
use proto::net::{Peer, Stream, Trace, TraceEvent, lingering_close, refuse};
use proto::socketserver::{Connection, RequestHandler};

use crate::close_reason::CloseReason;
use crate::context::Context;
use crate::engine::{EngineError, Outcome};

/// How many bytes of a command a log line shows.
const SHOWN: usize = 100;

/// A client, shared by the threads that serve it.
#[derive(Clone)]
pub struct Client {
    pub stream: Stream,
    pub peer: Peer,
    pub context: Arc<Context>,
}

impl Client {
    pub fn log(&self) -> Log {
        self.context.options.log
    }

    /// `stream`, with every call on it shown if `--trace` was given.
    pub fn traced<S>(&self, stream: S) -> Trace<S, impl FnMut(&TraceEvent<'_>) + use<S>> {
        self.log().traced(self.peer, stream)
    }

    /// Sets the timeouts for the time between commands.
    pub fn set_timeouts(&self) -> io::Result<()> {
        let options = self.context.options;
        self.stream.set_read_timeout(options.idle_timeout)?;
        self.stream.set_write_timeout(options.write_timeout())
    }

    /// Logs a command that has ended.
    pub fn log_command(&self, command: &[u8], outcome: &Outcome, time: Duration) {
        let number = self.context.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let status = match outcome.status {
            Some(status) => match status.signal() {
                Some(signal) => format!("signal {signal}"),
                None => format!("exit {}", status.code().unwrap_or(255)),
            },
            None => format!(
                "process group {} cannot be ended and goes on",
                outcome.group
            ),
        };
        let why = match &outcome.stopped {
            Some(stopped) => format!(", {stopped}"),
            None if outcome.cut => ", a background process still held the output".to_owned(),
            None => String::new(),
        };
        self.log().info(format_args!(
            "{} command {number} {}: {status}{why}; {} bytes out, {} err, {}",
            self.peer,
            quoted(command, SHOWN),
            outcome.stdout,
            outcome.stderr,
            show_duration(time),
        ));
    }

    /// Logs a command that was not run.
    pub fn log_not_run(&self, why: &EngineError) {
        let line = format_args!("{} command not run: {why}", self.peer);
        match why.is_the_clients() {
            true => self.log().info(line),
            false => self.log().error(line),
        }
    }

    /// Logs a connection that ended before it authenticated or sent a command: at most one line a
    /// minute for each kind and peer address.
    fn log_stranger(&self, reason: &CloseReason) {
        let kind = reason.kind();
        let Some(others) = self.context.strangers.allow(kind, self.peer.ip()) else {
            return;
        };
        let peer = self.peer;
        match kind {
            "closed" => self.log().info(format_args!("{peer} {reason}{others}")),
            _ => self
                .log()
                .error(format_args!("{peer} refused: {reason}{others}")),
        }
    }
}

/// Serves one connection with one of the protocols.
pub struct Handler {
    client: Client,
    serve: Serve,
    started: Instant,
    /// Whether the client has authenticated or sent a command, so that its end is logged.
    known: bool,
    closed: Option<CloseReason>,
}

/// Serves a client until it leaves. It sets the flag once the client has authenticated or sent a
/// command.
pub type Serve = fn(&Client, known: &mut bool) -> Result<Infallible, CloseReason>;

impl Handler {
    pub fn new(connection: Connection, context: &Arc<Context>, serve: Serve) -> Self {
        Self {
            client: Client {
                stream: connection.stream,
                peer: connection.peer,
                context: Arc::clone(context),
            },
            serve,
            started: Instant::now(),
            known: false,
            closed: None,
        }
    }
}

impl RequestHandler for Handler {
    fn handle(&mut self) {
        self.closed = (self.serve)(&self.client, &mut self.known).err();
    }

    fn finish(&mut self) {
        let (log, peer) = (self.client.log(), self.client.peer);
        let time = show_duration(self.started.elapsed());
        let Some(reason) = &self.closed else {
            return log.info(format_args!(
                "{peer} closed after an internal error; {time}"
            ));
        };
        if self.known && !matches!(reason, CloseReason::WrongProtocol(_)) {
            log.info(format_args!("{peer} {reason}; {time}"));
        } else {
            self.client.log_stranger(reason);
        }
        if let Some(words) = reason.last_line() {
            refuse(&self.client.stream, &words);
        } else if matches!(reason, CloseReason::MaybeCut) {
            // Unread bytes of the request must not turn the reply into a reset.
            lingering_close(&self.client.stream);
        }
    }
}
