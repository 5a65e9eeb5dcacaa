//! A conversation over a connection.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use proto::net::{Stream, connect};
use proto::socketserver::{Connection, RequestHandler, STACK_SIZE};
use proto::start_reason;

use crate::direction::{Direction, LOOK, Received, Wire};
use crate::event::{Kind, Side};
use crate::talk::{Talk, Tap};

/// How long the server has to accept the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Forwards bytes between one client and the server, in both directions.
pub struct Conversation {
    connection: Connection,
    tap: Arc<Tap>,
}

impl Conversation {
    /// A conversation with a client whose connection was just accepted.
    pub fn new(connection: Connection, tap: Arc<Tap>) -> Self {
        Self { connection, tap }
    }
}

impl RequestHandler for Conversation {
    fn handle(&mut self) {
        let Some(talk) = Talk::begin(&self.tap, &self.connection.peer.to_string()) else {
            return;
        };
        let sent = match connect(&self.tap.options.target, CONNECT) {
            Ok(server) => forward(&talk, [&self.connection.stream, &server]),
            Err(error) => {
                talk.note(Kind::Refused, Side::Server, &error.to_string());
                [0; 2]
            }
        };
        talk.end(sent);
    }
}

/// Returns how many bytes of each side it forwarded.
fn forward(talk: &Talk, streams: [&Stream; 2]) -> [u64; 2] {
    for stream in streams {
        // Without TCP_NODELAY the kernel may join bytes that the other program sent separately.
        let _ = stream.set_nodelay();
        let _ = stream.set_write_timeout(Some(LOOK));
    }
    let is_over = AtomicBool::new(false);
    let run = |from: Side| {
        let wire = Pair {
            source: streams[from as usize],
            sink: streams[from.other() as usize],
            limit: None,
            recvs: 0,
        };
        Direction::run(talk, from, wire, &is_over)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        match thread.spawn_scoped(scope, || run(Side::Server)) {
            Ok(server) => [run(Side::Client), server.join().unwrap_or(0)],
            Err(error) => {
                let words = format!("cannot start a thread ({})", start_reason(&error));
                talk.note(Kind::Bent, Side::Client, &words);
                [0; 2]
            }
        }
    })
}

/// The two connections of a conversation, for one direction.
struct Pair<'a> {
    source: &'a Stream,
    sink: &'a Stream,
    /// The current read timeout of the source.
    limit: Option<Duration>,
    recvs: u64,
}

impl Wire for Pair<'_> {
    const IS_STREAM: bool = true;

    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> Received {
        if limit != self.limit {
            self.source.set_read_timeout(limit)?;
            self.limit = limit;
        }
        let count = self.source.read(buffer)?;
        self.recvs += 1;
        Ok((count > 0).then_some((count, self.recvs)))
    }

    fn send(&mut self, data: &[u8]) -> io::Result<usize> {
        self.sink.write(data)
    }

    fn close(&self) {
        let _ = self.sink.shutdown(Shutdown::Write);
    }

    fn abort(&self, how: Shutdown) {
        for stream in [self.source, self.sink] {
            let _ = stream.shutdown(how);
        }
    }
}
