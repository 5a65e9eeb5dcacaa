//! One message, and the reply that belongs to it.
//!
//! A stream has no messages, so nothing in it says where a reply ends. This server's reply is as
//! long as the message, and that is what is read: no less, so that the rest is not taken for the
//! reply to the next message, and no more.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use proto::cli::{Failure, Log, show_duration};
use proto::net::{DeadlineStream, Endpoint, Refused, Stream, Trace};
use proto::{reason, start_reason};

use crate::options::Options;

/// A message up to this size fits into the socket buffers on the way, so it can be written whole
/// before the reply is read. A longer one needs a thread that writes: the server answers while it
/// reads, and if nobody took the answers both sides would end up waiting to write.
const FITS: usize = 16 * 1024;

/// How much of what a server says when it turns us away is read, in bytes.
const LONGEST_REFUSAL: usize = 1000;
/// How long what is missing of that may take. It was sent by one write, so it is there.
const REST_OF_REFUSAL: Duration = Duration::from_secs(1);

/// A conversation over one connection.
pub struct Talk {
    stream: Stream,
    endpoint: Endpoint,
    timeout: Duration,
    log: Log,
}

impl Talk {
    /// A conversation over a stream that was just connected.
    pub fn new(stream: Stream, options: &Options) -> Result<Self, Failure> {
        stream
            .set_nodelay()
            .map_err(|error| Failure::io("cannot use the connection", &error))?;
        Ok(Self {
            stream,
            endpoint: options.endpoint.clone(),
            timeout: options.timeout,
            log: options.log,
        })
    }

    /// Sends the message and reads as many bytes as it has.
    pub fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut reply = Vec::new();
        let done = if message.len() <= FITS {
            let sent = self.traced().write_all(message);
            // A server that turns us away closes without reading. What it said first is worth
            // more than the news that it closed.
            self.read_reply(message.len(), &mut reply).and(sent)
        } else {
            thread::scope(|scope| {
                let writer = thread::Builder::new()
                    .name("send".into())
                    .spawn_scoped(scope, || self.traced().write_all(message))
                    .map_err(|error| io::Error::other(start_reason(&error)))?;
                let read = self.read_reply(message.len(), &mut reply);
                if read.is_err() {
                    // The rest of the message is of no use, and may never be taken.
                    let _ = self.stream.shutdown(Shutdown::Write);
                }
                let sent = writer.join().unwrap_or(Ok(()));
                read.and(sent)
            })
        };
        if reply != message
            && Refused::may_begin(&reply)
            && let Some(refusal) = self.refusal(&reply)
        {
            return Err(refusal.into());
        }
        match done {
            Ok(()) => Ok(reply),
            Err(error) => Err(self.explain(&error, reply.len(), message.len())),
        }
    }

    fn traced(&self) -> impl Read + Write {
        self.traced_within(self.timeout)
    }

    fn traced_within(&self, limit: Duration) -> impl Read + Write {
        let (log, endpoint) = (self.log, &self.endpoint);
        let stream = DeadlineStream::after(&self.stream, limit);
        Trace::new(stream, move |event| log.trace(endpoint, event))
    }

    fn read_reply(&self, expected: usize, reply: &mut Vec<u8>) -> io::Result<()> {
        let mut stream = self.traced();
        let mut piece = vec![0; expected.min(64 * 1024)];
        while reply.len() < expected {
            let room = piece.len().min(expected - reply.len());
            match stream.read(&mut piece[..room]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => reply.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What a server says with a line that begins as `reply` does, if that is a refusal: another
    /// kind of server may well answer `e`, and then nothing more comes.
    fn refusal(&self, reply: &[u8]) -> Option<Refused> {
        let mut line = reply[..reply.len().min(LONGEST_REFUSAL)].to_vec();
        let mut stream = self.traced_within(REST_OF_REFUSAL);
        let mut piece = [0; 256];
        while line.len() < LONGEST_REFUSAL && !line.contains(&b'\n') {
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => line.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        Refused::parse(&self.endpoint, &line)
    }

    fn explain(&self, error: &io::Error, got: usize, expected: usize) -> Failure {
        let endpoint = &self.endpoint;
        let of = format!("after {got} of {expected} bytes of the reply");
        Failure::new(match error.kind() {
            ErrorKind::TimedOut => format!(
                "no reply from {endpoint} within {} ({of}); is it serving somebody else, \
                 or no upper-case server?",
                show_duration(self.timeout)
            ),
            ErrorKind::UnexpectedEof => {
                format!("{endpoint} closed the connection {of}; was it stopped?")
            }
            _ => format!("lost the connection to {endpoint} {of} ({})", reason(error)),
        })
    }
}
