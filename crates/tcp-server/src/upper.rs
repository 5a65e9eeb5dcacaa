//! One connection: read, upper-case, write, until one side ends it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::reason;
use proto::socketserver::{Connection, RequestHandler};

use crate::options::Options;

/// What a connection costs while its messages are short. The buffer moves to the heap, with its
/// full size, the first time that a read fills this: so ten thousand idle connections cost ten
/// thousand times this, and not `--recv-size`. The Python lesson's 1024 fits, so that every read of a
/// server with `--recv-size 1024` asks for just that.
const SMALL: usize = 1024;

/// Serves one connection.
pub struct Upper {
    connection: Connection,
    options: Arc<Options>,
    started: Instant,
    received: u64,
    sent: u64,
    ended: Option<CloseReason>,
}

/// How a connection ended.
enum CloseReason {
    ClosedByPeer,
    Idle(Duration),
    /// The peer does not read what it asked for.
    Stalled(Duration),
    Failed(io::Error),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedByPeer => f.write_str("closed by peer"),
            Self::Idle(limit) => write!(f, "closed, idle {}", show_duration(*limit)),
            Self::Stalled(limit) => write!(
                f,
                "closed, the client read nothing for {}",
                show_duration(*limit)
            ),
            Self::Failed(error) => write!(f, "closed, {}", reason(error)),
        }
    }
}

impl Upper {
    /// A handler for a connection that was just accepted.
    pub fn new(connection: Connection, options: Arc<Options>) -> Self {
        Self {
            connection,
            options,
            started: Instant::now(),
            received: 0,
            sent: 0,
            ended: None,
        }
    }

    fn talk(&mut self) -> Result<(), CloseReason> {
        let Connection { stream, peer } = &self.connection;
        let stream = self.options.log.traced(peer, stream);
        echo(stream, &self.options, &mut self.received, &mut self.sent)
    }
}

fn echo(
    mut stream: impl Read + Write,
    options: &Options,
    received: &mut u64,
    sent: &mut u64,
) -> Result<(), CloseReason> {
    let mut small = [0; SMALL];
    let mut large = Vec::new();
    let mut buffer = &mut small[..SMALL.min(options.recv_size)];
    loop {
        let count = match stream.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) => match (error.kind(), options.idle_timeout) {
                (ErrorKind::Interrupted, _) => continue,
                (ErrorKind::WouldBlock, Some(limit)) => return Err(CloseReason::Idle(limit)),
                _ => return Err(CloseReason::Failed(error)),
            },
        };
        *received += count as u64;
        panic_on_request(&buffer[..count]);
        buffer[..count].make_ascii_uppercase();
        stream
            .write_all(&buffer[..count])
            .map_err(|error| match error.kind() {
                ErrorKind::WouldBlock => CloseReason::Stalled(options.write_timeout),
                _ => CloseReason::Failed(error),
            })?;
        *sent += count as u64;
        if count == buffer.len() && count < options.recv_size {
            large.resize(options.recv_size, 0);
            buffer = &mut large;
        }
    }
}

/// The tests need a handler that panics. Only a debug build can be told to.
fn panic_on_request(data: &[u8]) {
    if cfg!(debug_assertions) && data == b"panic please" {
        let wanted = std::env::var_os("DIALTONE_TEST_PANIC").is_some();
        assert!(!wanted, "told to panic by DIALTONE_TEST_PANIC");
    }
}

impl RequestHandler for Upper {
    fn setup(&mut self) {
        let peer = self.connection.peer;
        self.options.log.info(format_args!("{peer} connected"));
    }

    fn handle(&mut self) {
        self.ended = Some(self.talk().err().unwrap_or(CloseReason::ClosedByPeer));
    }

    fn finish(&mut self) {
        let Self {
            connection,
            received,
            sent,
            ..
        } = self;
        let peer = connection.peer;
        let time = show_duration(self.started.elapsed());
        let words = match &self.ended {
            Some(end) => end as &dyn fmt::Display,
            None => &"closed after an internal error",
        };
        self.options.log.info(format_args!(
            "{peer} {words}; {received} bytes in, {sent} out, {time}"
        ));
    }
}
