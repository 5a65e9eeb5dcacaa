//! One connection: read, upper-case, write, until one side ends it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::escape::many;
use proto::net::Stream;
use proto::socketserver::{Connection, RequestHandler};
use proto::{is_timeout, reason, retry};

use crate::options::Options;

/// The buffer of a connection whose messages are short: on its stack. A read that fills it moves the
/// connection to a buffer of `--recv-size` on the heap, until it is quiet again. So ten thousand idle
/// connections cost ten thousand times this. The Python lesson's 1024 fits, so that every read of a
/// server with `--recv-size 1024` asks for just that.
const SMALL: usize = 1024;

/// A connection that was quiet for this long gives its large buffer back.
const QUIET: Duration = Duration::from_secs(1);

/// A write waits for a part of its limit at a time, so that a stall is seen at most that part too late.
pub const PARTS: u32 = 4;

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
        let mut talk = Talk {
            stream,
            traced: self.options.log.traced(peer, stream),
            options: &self.options,
            received: &mut self.received,
            sent: &mut self.sent,
            is_shortened: false,
        };
        let mut small = [0; SMALL];
        let small = &mut small[..SMALL.min(self.options.recv_size)];
        loop {
            // Where there is no memory for a large buffer, it goes on with the small one.
            let ended = match talk.echo(small)? {
                Ended::TooSmall => match large_buffer(self.options.recv_size) {
                    Some(large) => talk.echo_large(large)?,
                    None => Ended::TooSmall,
                },
                ended => ended,
            };
            if ended == Ended::ByPeer {
                return Ok(());
            }
        }
    }
}

fn large_buffer(size: usize) -> Option<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(size).ok()?;
    buffer.resize_with(size, u8::default);
    Some(buffer)
}

/// Why a buffer is used no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByPeer,
    TooSmall,
    /// It is large, and the connection is quiet.
    Quiet,
}

struct Talk<'a, S> {
    stream: &'a Stream,
    /// The same, with a trace.
    traced: S,
    options: &'a Options,
    received: &'a mut u64,
    sent: &'a mut u64,
    /// Whether the next read has less than the idle timeout.
    is_shortened: bool,
}

impl<S: Read + Write> Talk<'_, S> {
    /// Answers until a read fills a small buffer.
    fn echo(&mut self, buffer: &mut [u8]) -> Result<Ended, CloseReason> {
        loop {
            match retry(|| self.traced.read(buffer)) {
                Ok(0) => return Ok(Ended::ByPeer),
                Ok(count) => {
                    if self.is_shortened {
                        self.is_shortened = false;
                        self.set_read_timeout(self.options.idle_timeout)?;
                    }
                    self.answer(&mut buffer[..count])?;
                    if count == buffer.len() && count < self.options.recv_size {
                        return Ok(Ended::TooSmall);
                    }
                }
                Err(error) if is_timeout(&error) => {
                    let limit = self.options.idle_timeout.unwrap_or_default();
                    return Err(CloseReason::Idle(limit));
                }
                Err(error) => return Err(CloseReason::Failed(error)),
            }
        }
    }

    /// Answers until the connection is quiet.
    fn echo_large(&mut self, mut buffer: Vec<u8>) -> Result<Ended, CloseReason> {
        let idle = self.options.idle_timeout;
        if idle.is_some_and(|idle| idle <= 2 * QUIET) {
            return self.echo(&mut buffer);
        }
        self.set_read_timeout(Some(QUIET))?;
        match self.echo(&mut buffer) {
            Err(CloseReason::Idle(_)) => {}
            ended => return ended,
        }
        self.set_read_timeout(idle.map(|idle| idle - QUIET))?;
        self.is_shortened = true;
        Ok(Ended::Quiet)
    }

    fn set_read_timeout(&self, limit: Option<Duration>) -> Result<(), CloseReason> {
        self.stream
            .set_read_timeout(limit)
            .map_err(CloseReason::Failed)
    }

    fn answer(&mut self, data: &mut [u8]) -> Result<(), CloseReason> {
        *self.received += data.len() as u64;
        panic_on_request(data);
        data.make_ascii_uppercase();
        self.write_all(data)
    }

    /// Gives up where the client takes nothing for `--write-timeout`, as far as a server can see:
    /// its own system takes bytes as long as there is room in the buffers of both.
    fn write_all(&mut self, mut data: &[u8]) -> Result<(), CloseReason> {
        let limit = self.options.write_timeout;
        let mut progress = None;
        while !data.is_empty() {
            match retry(|| self.traced.write(data)) {
                Ok(0) => return Err(CloseReason::Failed(ErrorKind::WriteZero.into())),
                Ok(count) => {
                    *self.sent += count as u64;
                    data = &data[count..];
                    progress = None;
                }
                Err(error) if is_timeout(&error) => {
                    let part = limit / PARTS;
                    let since = progress.get_or_insert_with(|| Instant::now() - part);
                    if since.elapsed() >= limit {
                        return Err(CloseReason::Stalled(limit));
                    }
                }
                Err(error) => return Err(CloseReason::Failed(error)),
            }
        }
        Ok(())
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
            "{peer} {words}; {} in, {sent} out, {time}",
            many(*received, "byte", "bytes")
        ));
    }
}
