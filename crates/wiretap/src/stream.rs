//! A conversation over a connection.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use proto::net::{Stream, connect};
use proto::socketserver::Connection;

use crate::direction::{LOOK, Received, Wire, forward};
use crate::event::Side;
use crate::tap::{Talk, Tap};

/// How long the server has to accept the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Forwards bytes between one client and the server, in both directions.
pub fn converse(tap: &Tap, connection: &Connection) {
    Talk::hold(tap, &connection.peer.to_string(), |talk| {
        let server = connect(&tap.options.target, CONNECT)?;
        let streams = [&connection.stream, &server];
        for stream in streams {
            // Without TCP_NODELAY the kernel may join bytes that the other program sent separately.
            let _ = stream.set_nodelay();
            let _ = stream.set_write_timeout(Some(LOOK));
        }
        let wire = |from: Side| Pair {
            source: streams[from as usize],
            sink: streams[from.other() as usize],
            limit: None,
            recvs: 0,
        };
        forward(talk, Side::BOTH.map(wire))
    });
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
