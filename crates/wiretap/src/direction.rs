//! One direction of a conversation: forwards what one side sends to the other side.
//!
//! On a straight line the bytes of a recv are forwarded at once. On a bent line they wait in a
//! queue, and the thread goes on reading.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::Failure;
use proto::socketserver::STACK_SIZE;
use proto::{is_timeout, reason, retry};

use crate::bend::{Bend, CHOP, CLOSE, DROP, DUPLICATE, HOLD, RATE, REORDER, RESET, STALL};
use crate::event::{Kind, Side};
use crate::tap::Talk;

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

/// What a datagram gets that no program receives. The second is that of Windows.
const REFUSED: [ErrorKind; 2] = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];

/// How long a datagram waits for the next one to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(200);

/// One recv, which waits for at most this time. Returns the number of bytes; 0 is the end of a
/// stream.
type Recv<'a> = dyn FnMut(&mut [u8], Option<Duration>) -> io::Result<usize> + Send + 'a;
/// One send.
type Sender<'a> = dyn FnMut(&[u8]) -> io::Result<usize> + Send + 'a;

/// Receives from one side and sends to the other. Connections and datagrams differ only in this.
pub struct Wire<'a> {
    /// Whether the bytes are a stream: they keep their order.
    pub is_stream: bool,
    pub recv: Box<Recv<'a>>,
    pub send: Box<Sender<'a>>,
    /// Ends this direction (`Write`: the other side sees the end), or both.
    pub shutdown: Box<dyn Fn(Shutdown) + Send + 'a>,
}

/// Forwards in both directions, until both have ended. The wires are those of what the client and
/// of what the server sends. Returns how many bytes of each side it forwarded.
pub fn forward(talk: &Talk, [client, server]: [Wire<'_>; 2]) -> Result<[u64; 2], Failure> {
    let run = |from, wire| {
        let direction = Direction {
            talk,
            from,
            wire,
            queue: VecDeque::new(),
            recvs: 0,
            read: 0,
            sent: 0,
            next_send: Instant::now(),
            has_ended: false,
            stalled_after: 0,
            was_overtaken: false,
        };
        direction.run()
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        let server = thread.spawn_scoped(scope, || run(Side::Server, server));
        let server = server.map_err(|error| Failure::start("cannot start a thread", &error))?;
        Ok([run(Side::Client, client), server.join().unwrap_or(0)])
    })
}

/// The bytes of one recv, or of several that are held.
#[derive(Clone)]
struct Chunk {
    due: Instant,
    at: u64,
    data: Vec<u8>,
    words: String,
}

/// One direction of a conversation.
struct Direction<'a> {
    talk: &'a Talk,
    from: Side,
    wire: Wire<'a>,
    /// The pieces that wait on a bent line, ordered by due time.
    queue: VecDeque<Chunk>,
    /// How many recvs there were, how many bytes were read, and how many were forwarded.
    recvs: u64,
    read: u64,
    sent: u64,
    /// When the rate allows the next piece.
    next_send: Instant,
    has_ended: bool,
    /// How many bytes were forwarded when the line was last stalled.
    stalled_after: u64,
    was_overtaken: bool,
}

impl Direction<'_> {
    /// Forwards what `from` sends, until its end. Returns how many bytes it forwarded.
    fn run(mut self) -> u64 {
        let mut buffer = vec![0; RECV_SIZE];
        while !self.is_over() {
            let wait = self.forward_due();
            if self.has_ended && wait.is_none() {
                (self.wire.shutdown)(Shutdown::Write);
                break;
            }
            match (wait, self.room()) {
                (wait, 0) => thread::sleep(wait.unwrap_or(LOOK).min(LOOK)),
                (Some(time), _) if time < SHORT => thread::sleep(time),
                (wait, room) => self.recv(&mut buffer[..room], wait),
            }
        }
        self.sent
    }

    /// Forwards the next waiting piece by the current settings. Returns the time until the next
    /// piece may be due; `None` if no piece waits.
    fn forward_due(&mut self) -> Option<Duration> {
        // Shutting down for reading sends nothing: the close ends the connections, with a reset if
        // bytes are unread.
        for (limit, how, shutdown) in [
            (CLOSE, "closed", Shutdown::Both),
            (RESET, "reset", Shutdown::Read),
        ] {
            if self.sent >= self.most(limit) {
                self.note_bent(how);
                self.end(shutdown);
                return None;
            }
        }
        let due = self.queue.front()?.due.max(self.next_send);
        let now = Instant::now();
        if due > now {
            return Some(due - now);
        }
        if self.sent >= self.most(STALL) {
            if mem::replace(&mut self.stalled_after, self.sent) != self.sent {
                self.note_bent("stalled");
            }
            // It would otherwise stall forever.
            if self.has_ended {
                self.end(Shutdown::Both);
            }
            return Some(LOOK);
        }
        let mut chunk = self.queue.pop_front()?;
        let (size, pause) = self.next_piece(chunk.data.len());
        self.send(Kind::Sent, chunk.at, &chunk.data[..size], &chunk.words);
        chunk.data.drain(..size);
        chunk.at += size as u64;
        if !chunk.data.is_empty() {
            self.queue.push_front(chunk);
        }
        self.next_send = now + pause;
        Some(Duration::ZERO)
    }

    /// How many bytes may be read now. Bytes after the limit of `--reset-after` stay unread,
    /// because the kernel sends a reset when a connection with unread bytes is closed.
    fn room(&self) -> usize {
        let waiting: usize = self.queue.iter().map(|chunk| chunk.data.len()).sum();
        if self.has_ended || self.queue.len() >= WAITING || waiting >= WAITING_BYTES {
            return 0;
        }
        let left = self.most(RESET).saturating_sub(self.read);
        left.min(RECV_SIZE as u64) as usize
    }

    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) {
        match retry(|| (self.wire.recv)(buffer, limit)) {
            _ if self.is_over() => {}
            Ok(0) if self.wire.is_stream => {
                self.talk.note(Kind::Closed, self.from, "");
                self.has_ended = true;
            }
            Ok(count) => self.take(&buffer[..count]),
            Err(error) if is_timeout(&error) => {}
            Err(error) if !self.wire.is_stream && REFUSED.contains(&error.kind()) => {
                let words = "no program listens there (ICMP port unreachable)";
                self.talk.note(Kind::Refused, self.from, words);
            }
            Err(error) => self.fail(self.from, &error),
        }
    }

    /// Forwards, queues or drops the bytes of one recv.
    fn take(&mut self, data: &[u8]) {
        let (at, piece) = (self.read, (self.talk.number, self.recvs));
        self.read += data.len() as u64;
        self.recvs += 1;
        let (line, from) = (&self.talk.tap.options.line, self.from);
        if self.queue.is_empty() && !line.is_bent(from) {
            return self.send(Kind::Passed, at, data, "");
        }
        self.talk.add(Kind::Received, from, at, data, "");
        if line.is_hit(DROP, from, piece) {
            return self.talk.add(Kind::Dropped, from, at, data, "lost");
        }
        let (hold, late) = (line.time(from, HOLD), line.late(from, piece));
        let mut due = Instant::now() + late + hold;
        if self.wire.is_stream
            && let Some(last) = self.queue.back_mut()
        {
            if !hold.is_zero() && due < last.due + hold {
                return last.data.extend(data);
            }
            due = due.max(last.due);
        }
        // Two datagrams in a row are not both held: the second overtakes the first.
        self.was_overtaken = line.is_hit(REORDER, from, piece) && !self.was_overtaken;
        if self.was_overtaken {
            due += OVERTAKEN;
        }
        let twice = line.is_hit(DUPLICATE, from, piece);
        let chunk = Chunk {
            due,
            at,
            data: data.to_vec(),
            words: line.words(from, late, self.was_overtaken, twice),
        };
        for _ in 0..1 + usize::from(twice) {
            let place = self.queue.partition_point(|chunk| chunk.due <= due);
            self.queue.insert(place, chunk.clone());
        }
    }

    /// Sends bytes to the other side. While its buffer is full, this retries until the conversation
    /// is over.
    fn send(&mut self, kind: Kind, at: u64, data: &[u8], words: &str) {
        self.talk.add(kind, self.from, at, data, words);
        let mut rest = data;
        loop {
            match retry(|| (self.wire.send)(rest)) {
                Ok(count) if count < rest.len() => rest = &rest[count..],
                Ok(_) => break,
                Err(error) if is_timeout(&error) && !self.is_over() => {}
                Err(error) => return self.fail(self.from.other(), &error),
            }
        }
        self.sent += data.len() as u64;
    }

    fn note_bent(&self, how: &str) {
        let words = format!("{how} by wiretap after {} bytes", self.sent);
        self.talk.note(Kind::Bent, self.from, &words);
    }

    /// The size of the next send, no more than a chop, a rate or a limit allows; and the pause
    /// after it.
    fn next_piece(&self, most: usize) -> (usize, Duration) {
        let (chop, rate) = (self.most(CHOP), self.most(RATE));
        let mut size = chop.min(rate.div_ceil(PIECES_A_SECOND)).min(most as u64);
        for limit in [CLOSE, RESET, STALL] {
            size = size.min(self.most(limit).saturating_sub(self.sent));
        }
        let mut pause = Duration::from_secs_f64(size as f64 / rate as f64);
        if chop < u64::MAX {
            pause = pause.max(BETWEEN_PIECES);
        }
        (size as usize, pause)
    }

    /// The number of a setting; the largest one if it is off.
    fn most(&self, bend: Bend) -> u64 {
        match self.talk.tap.options.line.number(self.from, bend) {
            0 => u64::MAX,
            number => number,
        }
    }

    /// Ends a stream that a side has reset, and notes that once. A datagram is lost.
    fn fail(&self, side: Side, error: &io::Error) {
        if !self.wire.is_stream {
            let words = format!("not sent ({})", reason(error));
            self.talk.note(Kind::Bent, self.from, &words);
        } else if !self.is_over() {
            self.talk.note(Kind::Reset, side, &reason(error));
            self.end(Shutdown::Both);
        }
    }

    /// Ends both directions at once.
    fn end(&self, how: Shutdown) {
        self.talk.is_over.store(true, Ordering::Relaxed);
        (self.wire.shutdown)(how);
    }

    fn is_over(&self) -> bool {
        self.talk.is_over.load(Ordering::Relaxed)
    }
}
