//! A conversation over a connection: two directions, each read by a thread of its own.

use std::io::Read;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use proto::net::connect;
use proto::socketserver::{Connection, RequestHandler, STACK_SIZE};
use proto::{reason, retry, start_reason};

use crate::bend::Bend;
use crate::deliver::{self, Chunk};
use crate::event::{Kind, Side};
use crate::tap::Tap;
use crate::wire::{LOOK, Wire};

/// How long the server may take to accept.
const CONNECT: Duration = Duration::from_secs(10);

/// The most that one recv takes.
const RECV_SIZE: usize = 64 * 1024;

/// How many recvs may wait on a bent line: a sender that is faster meets back-pressure.
const WAITING: usize = 16;

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
        let tap = &*self.tap;
        let Some(number) = tap.begin(&self.connection.peer.to_string()) else {
            return;
        };
        let client = &self.connection.stream;
        let server = match connect(&tap.target, CONNECT) {
            Ok(server) => server,
            Err(error) => return tap.refuse(number, &error.to_string()),
        };
        for stream in [client, &server] {
            // Without it the kernel may join what the other program has sent one by one.
            let _ = stream.set_nodelay();
        }
        let decoder = tap.decoder();
        let wire = Wire {
            tap,
            number,
            streams: [client, &server],
            decoder: decoder.as_ref(),
            sent: Default::default(),
            has_ended: Default::default(),
            is_aborted: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            wire.start(scope, || wire.carry(Side::Server, scope));
            wire.carry(Side::Client, scope);
        });
        tap.end(number, Side::BOTH.map(|side| wire.sent(side)));
    }
}

impl Wire<'_> {
    fn start<'s>(&self, scope: &'s Scope<'s, '_>, work: impl FnOnce() + Send + 's) {
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        if let Err(error) = thread.spawn_scoped(scope, work) {
            let words = format!("no thread for it ({})", start_reason(&error));
            self.note(Kind::Bent, Side::Client, words);
            self.abort(Shutdown::Both);
        }
    }

    /// Reads what `from` sends until its end, and hands it on: at once while the line is straight,
    /// else by a second thread, since bytes that wait must not keep others from being read.
    fn carry<'s>(&'s self, from: Side, scope: &'s Scope<'s, '_>) {
        let mut source = self.streams[from as usize];
        let mut buffer = vec![0; RECV_SIZE];
        let mut read = 0;
        let mut deliverer: Option<SyncSender<Chunk>> = None;
        while let Some(room) = self.room(from, read) {
            let count = match retry(|| source.read(&mut buffer[..room])) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    if !self.is_aborted() {
                        self.note(Kind::Reset, from, reason(&error));
                    }
                    return self.abort(Shutdown::Both);
                }
            };
            let came = Instant::now();
            let data = &buffer[..count];
            if deliverer.is_none() && self.tap.line.is_bent(from) {
                let (chunks, inbox) = sync_channel(WAITING);
                self.start(scope, move || deliver::deliver(self, from, &inbox));
                deliverer = Some(chunks);
            }
            if let Some(deliverer) = &deliverer {
                self.add(came, Kind::Received, from, read, data, String::new());
                let data = data.to_vec();
                if deliverer.send(Chunk { came, data }).is_err() {
                    return;
                }
            } else {
                // Before they are handed on, or the answer might be noted before the question.
                self.add(came, Kind::Passed, from, read, data, String::new());
                if !self.hand_on(from, data) {
                    return;
                }
                self.decode(from, data);
            }
            read += count as u64;
        }
        if self.is_aborted() {
            return;
        }
        self.note(Kind::Closed, from, "");
        self.has_ended[from as usize].store(true, Ordering::Relaxed);
        if deliverer.is_none() {
            self.close(from);
        }
    }

    /// How many bytes may be read now. What is past the limit of `--reset-after` stays unread: the
    /// system then resets a connection that is closed. `None` once the conversation is aborted.
    fn room(&self, from: Side, read: u64) -> Option<usize> {
        let limit = match self.tap.line.is_bent(from) {
            true => self.tap.line.bends(from).bytes(Bend::ResetAfter),
            false => 0,
        };
        let room = match limit {
            0 => RECV_SIZE,
            limit => limit.saturating_sub(read).min(RECV_SIZE as u64) as usize,
        };
        // Without room, the deliverer ends the conversation once it has handed all of it on.
        while room == 0 && !self.sleep_until(Instant::now() + LOOK) {}
        (!self.is_aborted()).then_some(room)
    }
}
