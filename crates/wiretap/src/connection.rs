//! A conversation over a connection: two directions, each read by a thread of its own.

use std::io::Read;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use proto::net::{Stream, connect};
use proto::socketserver::{Connection, RequestHandler, STACK_SIZE};
use proto::{retry, start_reason};

use crate::bend::Bend;
use crate::deliver::{self, Chunk};
use crate::event::{Kind, Side};
use crate::talk::Talk;
use crate::tap::Tap;
use crate::wire::{LOOK, Wire};

/// How long the server may take to accept.
const CONNECT: Duration = Duration::from_secs(10);

/// The most that one recv takes.
const RECV_SIZE: usize = 64 * 1024;

/// How many recvs, and how many bytes, may wait on a bent line: a sender that is faster meets
/// back-pressure.
const WAITING: usize = 4096;
const WAITING_BYTES: u64 = 1 << 20;

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
        match connect(&self.tap.target, CONNECT) {
            Ok(server) => self.hand_on(&talk, &server),
            Err(error) => talk.note(Kind::Refused, Side::Server, error.to_string()),
        }
        talk.end();
    }
}

impl Conversation {
    fn hand_on(&self, talk: &Talk, server: &Stream) {
        let streams = [&self.connection.stream, server];
        for stream in streams {
            // Without it the kernel may join what the other program has sent one by one.
            let _ = stream.set_nodelay();
            // A write that waits must notice that the conversation is over.
            let _ = stream.set_write_timeout(Some(LOOK));
        }
        let wire = Wire {
            talk,
            streams,
            has_ended: Default::default(),
            is_aborted: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            wire.start(scope, || wire.carry(Side::Server, scope));
            wire.carry(Side::Client, scope);
        });
    }
}

impl Wire<'_> {
    fn start<'s>(&self, scope: &'s Scope<'s, '_>, work: impl FnOnce() + Send + 's) {
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        if let Err(error) = thread.spawn_scoped(scope, work) {
            let words = format!("no thread for it ({})", start_reason(&error));
            self.talk.note(Kind::Bent, Side::Client, words);
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
        while !self.is_aborted() {
            let count = match self.room(from, read) {
                0 => {
                    // The deliverer has to look at its limits, which may be new.
                    self.sleep_until(Instant::now() + LOOK);
                    0
                }
                room => match retry(|| source.read(&mut buffer[..room])) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) => return self.note_reset(from, &error),
                },
            };
            let came = Instant::now();
            let data = &buffer[..count];
            if deliverer.is_none() && self.talk.tap.line.bends(from).is_bent() {
                let (chunks, inbox) = sync_channel(WAITING);
                self.start(scope, move || deliver::deliver(self, from, &inbox));
                deliverer = Some(chunks);
            }
            if let Some(deliverer) = &deliverer {
                if count > 0 {
                    self.talk.add(came, Kind::Received, from, read, data, "");
                }
                let data = data.to_vec();
                if deliverer.send(Chunk { came, data }).is_err() {
                    return;
                }
            } else {
                // Before they are handed on, or the answer might be noted before the question.
                self.talk.add(came, Kind::Passed, from, read, data, "");
                if !self.hand_on(from, data) {
                    return;
                }
            }
            read += count as u64;
        }
        if self.is_aborted() {
            return;
        }
        self.talk.note(Kind::Closed, from, "");
        self.has_ended[from as usize].store(true, Ordering::Relaxed);
        if deliverer.is_none() {
            self.close(from);
        }
    }

    /// How many bytes may be read now. What is past the limit of `--reset-after` stays unread: the
    /// system then resets a connection that is closed.
    fn room(&self, from: Side, read: u64) -> usize {
        if read - self.talk.sent(from) >= WAITING_BYTES {
            return 0;
        }
        match self.talk.tap.line.bends(from).bytes(Bend::ResetAfter) {
            0 => RECV_SIZE,
            limit => limit.saturating_sub(read).min(RECV_SIZE as u64) as usize,
        }
    }
}
