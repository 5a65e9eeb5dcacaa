//! One direction of a conversation: forwards what one side sends to the other side.
//!
//! On a straight line the bytes of a recv are forwarded at once. On a bent line they wait in a
//! queue, and the thread goes on reading.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proto::{is_timeout, reason, retry};

use crate::bend::Bend;
use crate::event::{Kind, Side};
use crate::talk::Talk;

/// The largest number of bytes that one recv reads: no datagram is longer.
pub const RECV_SIZE: usize = 64 * 1024;

/// How many pieces, and how many bytes, may wait on a bent line. If there are more, the thread
/// stops reading.
const WAITING: usize = 4096;
const WAITING_BYTES: usize = 1 << 20;

/// How often a blocked thread checks whether the conversation is over.
pub const LOOK: Duration = Duration::from_millis(20);

/// A shorter wait is a sleep and not a read timeout, which may come some milliseconds late.
const SHORT: Duration = Duration::from_millis(5);

/// The pause between two chopped pieces, so that one recv of the receiver does not read both.
const BETWEEN_PIECES: Duration = Duration::from_millis(1);

/// How many pieces per second make up a rate.
const PIECES_A_SECOND: u64 = 20;

/// How long a datagram waits for the next one to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(200);

/// The number of bytes of a recv, and the number of the recv on this side; `None` at the end of a
/// stream.
pub type Received = io::Result<Option<(usize, u64)>>;

/// Receives from one side and sends to the other. Connections and datagrams differ only in this.
pub trait Wire {
    /// Whether the bytes are a stream: they keep their order.
    const IS_STREAM: bool;

    /// One recv, which waits for at most `limit`.
    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> Received;

    /// One send.
    fn send(&mut self, data: &[u8]) -> io::Result<usize>;

    /// Tells the other side that no more will come.
    fn close(&self) {}

    /// Ends both directions.
    fn abort(&self, _how: Shutdown) {}
}

/// The bytes of one recv, or of several that are held.
#[derive(Clone)]
struct Chunk {
    came: Instant,
    due: Instant,
    at: u64,
    data: Vec<u8>,
    words: String,
}

/// One direction of a conversation.
pub struct Direction<'a, W> {
    talk: &'a Talk,
    from: Side,
    wire: W,
    /// Whether the conversation was ended in both directions.
    is_over: &'a AtomicBool,
    /// The pieces that wait on a bent line, ordered by due time, and their total size.
    queue: VecDeque<Chunk>,
    waiting: usize,
    /// How many bytes were read, and how many were forwarded.
    read: u64,
    sent: u64,
    /// When the rate allows the next piece.
    next_send: Instant,
    has_ended: bool,
    is_stalled: bool,
    was_overtaken: bool,
}

impl<'a, W: Wire> Direction<'a, W> {
    /// Forwards what `from` sends, until its end. Returns how many bytes it forwarded.
    pub fn run(talk: &'a Talk, from: Side, wire: W, is_over: &'a AtomicBool) -> u64 {
        let mut direction = Self {
            talk,
            from,
            wire,
            is_over,
            queue: VecDeque::new(),
            waiting: 0,
            read: 0,
            sent: 0,
            next_send: Instant::now(),
            has_ended: false,
            is_stalled: false,
            was_overtaken: false,
        };
        direction.forward();
        direction.sent
    }

    fn forward(&mut self) {
        let mut buffer = vec![0; RECV_SIZE];
        while !self.is_over() {
            let wait = self.forward_due();
            if self.has_ended && wait.is_none() {
                return self.wire.close();
            }
            match (wait, self.room()) {
                (wait, 0) => thread::sleep(wait.unwrap_or(LOOK).min(LOOK)),
                (Some(time), _) if time < SHORT => thread::sleep(time),
                (wait, room) => self.recv(&mut buffer[..room], wait),
            }
        }
    }

    /// Forwards the next waiting piece by the current settings. Returns the time until the next
    /// piece may be due; `None` if no piece waits.
    fn forward_due(&mut self) -> Option<Duration> {
        let is_reached = |limit| self.left(limit, self.sent) == Some(0);
        if is_reached(Bend::CloseAfter) {
            return self.cut("closed", Shutdown::Both);
        }
        if is_reached(Bend::ResetAfter) {
            // This sends nothing: the close ends the connections, with a reset if bytes are unread.
            return self.cut("reset", Shutdown::Read);
        }
        let is_stalled = is_reached(Bend::StallAfter);
        let chunk = self.queue.front()?;
        if is_stalled {
            return self.stall();
        }
        let now = Instant::now();
        let due = chunk.due.max(self.next_send);
        if due > now {
            return Some(due - now);
        }
        self.is_stalled = false;
        let size = self.piece_size(chunk.data.len());
        let mut chunk = self.queue.pop_front()?;
        self.waiting -= size;
        self.send(Kind::Sent, chunk.at, &chunk.data[..size], &chunk.words);
        chunk.data.drain(..size);
        chunk.at += size as u64;
        if !chunk.data.is_empty() {
            self.queue.push_front(chunk);
        }
        self.next_send = now + self.pause(size);
        Some(Duration::ZERO)
    }

    /// How many bytes may be read now. Bytes after the limit of `--reset-after` stay unread,
    /// because the kernel sends a reset when a connection with unread bytes is closed.
    fn room(&self) -> usize {
        if self.has_ended || self.queue.len() >= WAITING || self.waiting >= WAITING_BYTES {
            return 0;
        }
        let left = self.left(Bend::ResetAfter, self.read);
        left.map_or(RECV_SIZE, |left| left.min(RECV_SIZE as u64) as usize)
    }

    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) {
        match retry(|| self.wire.recv(buffer, limit)) {
            _ if self.is_over() => {}
            Ok(None) => {
                self.talk.note(Kind::Closed, self.from, "");
                self.has_ended = true;
            }
            Ok(Some((count, number))) => self.take(&buffer[..count], number),
            Err(error) if is_timeout(&error) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                let words = "no program listens there (ICMP port unreachable)";
                self.talk.note(Kind::Refused, self.from, words);
            }
            Err(error) => self.fail(self.from, &error),
        }
    }

    /// Forwards, queues or drops the bytes of the `number`-th recv.
    fn take(&mut self, data: &[u8], number: u64) {
        let at = self.read;
        self.read += data.len() as u64;
        let (line, from) = (&self.talk.tap.options.line, self.from);
        if self.queue.is_empty() && !line.is_bent(from) {
            return self.send(Kind::Passed, at, data, "");
        }
        self.talk.add(Kind::Received, from, at, data, "");
        if line.is_hit(Bend::Drop, from, number) {
            return self.talk.add(Kind::Dropped, from, at, data, "lost");
        }
        let came = Instant::now();
        let hold = line.time(from, Bend::Hold);
        let late = line.late(from, number);
        let mut due = came + late + hold;
        if W::IS_STREAM
            && let Some(last) = self.queue.back_mut()
        {
            if came < last.came + hold {
                self.waiting += data.len();
                return last.data.extend(data);
            }
            due = due.max(last.due);
        }
        let mut words = line.words(from, late);
        // Two datagrams in a row are not both held: the second overtakes the first.
        self.was_overtaken = line.is_hit(Bend::Reorder, from, number) && !self.was_overtaken;
        if self.was_overtaken {
            due += OVERTAKEN;
            words.push("overtaken".into());
        }
        let mut copies = 1;
        if line.is_hit(Bend::Duplicate, from, number) {
            copies = 2;
            words.push("sent twice".into());
        }
        let chunk = Chunk {
            came,
            due,
            at,
            data: data.to_vec(),
            words: words.join(", "),
        };
        for _ in 0..copies {
            let place = self.queue.partition_point(|chunk| chunk.due <= due);
            self.queue.insert(place, chunk.clone());
            self.waiting += data.len();
        }
    }

    /// Sends bytes to the other side. While its buffer is full, this retries until the conversation
    /// is over.
    fn send(&mut self, kind: Kind, at: u64, data: &[u8], words: &str) {
        self.talk.add(kind, self.from, at, data, words);
        let mut rest = data;
        loop {
            match retry(|| self.wire.send(rest)) {
                Ok(count) => rest = &rest[count..],
                Err(error) if is_timeout(&error) && !self.is_over() => {}
                Err(error) => return self.fail(self.from.other(), &error),
            }
            if rest.is_empty() {
                break;
            }
        }
        self.sent += data.len() as u64;
    }

    /// Ends the conversation because a limit is reached.
    fn cut(&self, how: &str, shutdown: Shutdown) -> Option<Duration> {
        self.note_bent(how);
        self.end(shutdown);
        None
    }

    /// Forwards nothing for a moment. Ends the conversation if `from` has ended, since it would
    /// otherwise stall forever.
    fn stall(&mut self) -> Option<Duration> {
        if !self.is_stalled {
            self.is_stalled = true;
            self.note_bent("stalled");
        }
        if self.has_ended {
            self.end(Shutdown::Both);
        }
        Some(LOOK)
    }

    fn note_bent(&self, how: &str) {
        let words = format!("{how} by wiretap after {} bytes", self.sent);
        self.talk.note(Kind::Bent, self.from, &words);
    }

    /// The size of the next send: no more than a chop, a rate or a limit allows.
    fn piece_size(&self, most: usize) -> usize {
        let limits = [Bend::CloseAfter, Bend::ResetAfter, Bend::StallAfter];
        let left = limits.map(|limit| self.left(limit, self.sent).unwrap_or(0));
        let rate = self.bytes(Bend::Rate).div_ceil(PIECES_A_SECOND);
        let sizes = left.into_iter().chain([self.bytes(Bend::Chop), rate]);
        let smallest = sizes.filter(|&size| size != 0).min();
        smallest.map_or(most, |size| most.min(size as usize))
    }

    /// The pause before the next piece.
    fn pause(&self, size: usize) -> Duration {
        let rated = match self.bytes(Bend::Rate) {
            0 => Duration::ZERO,
            rate => Duration::from_secs_f64(size as f64 / rate as f64),
        };
        match self.bytes(Bend::Chop) {
            0 => rated,
            _ => rated.max(BETWEEN_PIECES),
        }
    }

    /// How many more bytes than `done` a limit allows; `None` if it is off.
    fn left(&self, limit: Bend, done: u64) -> Option<u64> {
        let bytes = self.bytes(limit);
        (bytes != 0).then(|| bytes.saturating_sub(done))
    }

    fn bytes(&self, bend: Bend) -> u64 {
        self.talk.tap.options.line.bytes(self.from, bend)
    }

    /// Ends a stream that a side has reset, and notes that once. A datagram is lost.
    fn fail(&self, side: Side, error: &io::Error) {
        if !W::IS_STREAM {
            let words = format!("not sent ({})", reason(error));
            self.talk.note(Kind::Bent, self.from, &words);
        } else if !self.is_over() {
            self.talk.note(Kind::Reset, side, &reason(error));
            self.end(Shutdown::Both);
        }
    }

    /// Ends both directions at once.
    fn end(&self, how: Shutdown) {
        self.is_over.store(true, Ordering::Relaxed);
        self.wire.abort(how);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
