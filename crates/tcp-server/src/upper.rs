//! Serves one connection: reads, upper-cases and writes until one side ends it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::escape::many;
use proto::net::Stream;
use proto::socketserver::{Connection, RequestHandler};
use proto::{check_memory, is_timeout, reason, retry};

use crate::options::Options;

/// The size of a connection's small buffer, which is on its stack. A read that fills it moves the
/// connection to a buffer of `--recv-size` on the heap, until the connection is idle again. So an
/// idle connection needs only this. With `--recv-size 1024`, as in the Python lesson, every read
/// asks for exactly 1024 bytes.
const SMALL: usize = 1024;

/// A connection that was idle for this long frees its large buffer. It is short, so that few
/// connections have one at the same time: the allocator cannot give back memory between smaller
/// pieces.
const QUIET: Duration = Duration::from_millis(50);

/// A write waits for this fraction of its timeout at a time, so a stall is noticed at most that
/// much too late.
pub const PARTS: u32 = 4;

/// Serves one connection.
pub struct Upper {
    connection: Connection,
    options: &'static Options,
    started: Instant,
    received: u64,
    sent: u64,
    ended: Option<CloseReason>,
}

/// How a connection ended.
enum CloseReason {
    ClosedByPeer,
    Idle(Duration),
    /// The peer does not read its replies.
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
    /// A handler for a newly accepted connection.
    pub fn new(connection: Connection, options: &'static Options) -> Self {
        Self {
            connection,
            options,
            started: Instant::now(),
            received: 0,
            sent: 0,
            ended: None,
        }
    }

    /// Answers until the connection ends, which is always an `Err`.
    fn talk(&mut self) -> Result<(), CloseReason> {
        let Connection { stream, peer } = &self.connection;
        let mut talk = Talk {
            stream,
            traced: self.options.log.traced(peer, stream),
            options: self.options,
            received: &mut self.received,
            sent: &mut self.sent,
        };
        let mut small = [0; SMALL];
        let small = &mut small[..SMALL.min(self.options.recv_size)];
        loop {
            talk.echo(small)?;
            // Without memory for a large buffer, it goes on with the small one.
            if let Some(large) = large_buffer(self.options.recv_size) {
                talk.echo_large(large)?;
            }
        }
    }
}

fn large_buffer(size: usize) -> Option<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(size).ok()?;
    check_memory().ok()?;
    buffer.resize_with(size, u8::default);
    Some(buffer)
}

struct Talk<'a, S> {
    stream: &'a Stream,
    /// The same stream, with a trace.
    traced: S,
    options: &'a Options,
    received: &'a mut u64,
    sent: &'a mut u64,
}

impl<S: Read + Write> Talk<'_, S> {
    /// Answers until a read fills a small buffer.
    fn echo(&mut self, buffer: &mut [u8]) -> Result<(), CloseReason> {
        loop {
            match retry(|| self.traced.read(buffer)) {
                Ok(0) => return Err(CloseReason::ClosedByPeer),
                Ok(count) => {
                    self.answer(&mut buffer[..count])?;
                    if count == buffer.len() && count < self.options.recv_size {
                        return Ok(());
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

    /// Answers until the connection is idle.
    fn echo_large(&mut self, mut buffer: Vec<u8>) -> Result<(), CloseReason> {
        let idle = self.options.idle_timeout;
        // The idle timeout begins only after the quiet time. A short one would come much too late,
        // so then the large buffer is kept.
        if idle.is_some_and(|idle| idle < 20 * QUIET) {
            return self.echo(&mut buffer);
        }
        self.set_read_timeout(Some(QUIET))?;
        match self.echo(&mut buffer) {
            Err(CloseReason::Idle(_)) => self.set_read_timeout(idle),
            ended => ended,
        }
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

    /// Gives up if the client accepts no bytes for `--write-timeout`. The server notices that only
    /// when the socket buffers of both sides are full.
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

/// Makes the handler panic, for tests. Only a debug build does that.
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
        self.ended = self.talk().err();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    /// Every second write times out, and the others take one byte.
    struct SlowReader {
        is_blocked: bool,
    }

    impl Read for SlowReader {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Write for SlowReader {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.is_blocked = !self.is_blocked;
            if self.is_blocked {
                thread::sleep(Duration::from_millis(100));
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reply_may_take_longer_than_the_write_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let options = Options {
            write_timeout: Duration::from_secs(1),
            ..Options::default()
        };
        let mut talk = Talk {
            stream: &stream.into(),
            traced: SlowReader { is_blocked: false },
            options: &options,
            received: &mut 0,
            sent: &mut 0,
        };
        assert!(talk.write_all(&[b'X'; 12]).is_ok());
        assert_eq!(*talk.sent, 12);
    }
}
