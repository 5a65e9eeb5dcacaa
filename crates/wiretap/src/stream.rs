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

/// How long the server may take to accept.
const CONNECT: Duration = Duration::from_secs(10);

/// Hands one client's bytes on to the server, and the server's to the client.
pub struct Conversation {
    connection: Connection,
    tap: Arc<Tap>,
}

impl Conversation {
    /// A conversation with a client that was just accepted.
    pub fn new(connection: Connection, tap: Arc<Tap>) -> Self {
        Self { connection, tap }
    }
}

impl RequestHandler for Conversation {
    fn handle(&mut self) {
        let Some(talk) = Talk::begin(&self.tap, &self.connection.peer.to_string()) else {
            return;
        };
        match connect(&self.tap.options.target, CONNECT) {
            Ok(server) => hand_on(&talk, [&self.connection.stream, &server]),
            Err(error) => talk.note(Kind::Refused, Side::Server, &error.to_string()),
        }
        talk.end();
    }
}

fn hand_on(talk: &Talk, streams: [&Stream; 2]) {
    for stream in streams {
        // Without it the kernel may join what the other program has sent one by one.
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
        Direction::run(talk, from, wire, &is_over);
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        match thread.spawn_scoped(scope, || run(Side::Server)) {
            Ok(_) => run(Side::Client),
            Err(error) => {
                let words = format!("no thread for it ({})", start_reason(&error));
                talk.note(Kind::Bent, Side::Client, &words);
            }
        }
    });
}

/// Two connections, as one direction sees them.
struct Pair<'a> {
    source: &'a Stream,
    sink: &'a Stream,
    /// The timeout of the source.
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
