//! Handing bytes on over a bent line: later, in other pieces, or not to the end.

use std::net::Shutdown;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::bend::{Bend, Bends};
use crate::event::{Kind, Side};
use crate::wire::Wire;

/// Between two pieces of what was chopped, so that the receiver's recv does not join them.
const BETWEEN_PIECES: Duration = Duration::from_millis(1);

/// How often a stalled direction looks whether it may go on.
const STALLED: Duration = Duration::from_millis(50);

/// How many pieces a second a rate is made of.
const PIECES_A_SECOND: u64 = 20;

/// What one recv gave.
#[derive(Debug)]
pub struct Chunk {
    /// When it came.
    pub came: Instant,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// Hands on what `from` has sent, until its end or the conversation's.
pub fn deliver(wire: &Wire<'_>, from: Side, inbox: &Receiver<Chunk>) {
    let mut delivery = Delivery {
        wire,
        from,
        is_stalled: false,
        next_send: Instant::now(),
    };
    let mut due = Instant::now();
    let mut next = inbox.recv().ok();
    for number in 0.. {
        let Some(Chunk { came, mut data }) = next else {
            break;
        };
        let bends = wire.talk.tap.line.bends(from);
        let late = wire.talk.tap.line.late(from, number);
        let hold = bends.time(Bend::Hold);
        // Never before what came earlier.
        due = due.max(came + late);
        next = loop {
            let left = (due + hold).saturating_duration_since(Instant::now());
            match inbox.recv_timeout(left) {
                Ok(chunk) if chunk.came <= came + hold => data.extend(chunk.data),
                other => break other.ok(),
            }
        };
        if wire.sleep_until(due + hold) || !delivery.send(&data, &bends.words(late)) {
            return;
        }
        if next.is_none() {
            next = inbox.recv().ok();
        }
    }
    if !wire.is_aborted() {
        wire.close(from);
    }
}

struct Delivery<'a, 'w> {
    wire: &'a Wire<'w>,
    from: Side,
    is_stalled: bool,
    /// When a rate allows the next piece.
    next_send: Instant,
}

impl Delivery<'_, '_> {
    /// Sends bytes in pieces as the line says at each of them; whether the conversation goes on.
    fn send(&mut self, data: &[u8], words: &str) -> bool {
        let (wire, from) = (self.wire, self.from);
        let bends = wire.talk.tap.line.bends(from);
        let mut rest = data;
        loop {
            let sent = wire.talk.sent(from);
            let is_reached = |bend| bends.bytes(bend) != 0 && sent >= bends.bytes(bend);
            if is_reached(Bend::CloseAfter) {
                return self.cut("closed", Shutdown::Both);
            }
            if is_reached(Bend::ResetAfter) {
                return self.cut("reset", Shutdown::Read);
            }
            if rest.is_empty() {
                return true;
            }
            if is_reached(Bend::StallAfter) {
                if !self.stall() {
                    return false;
                }
                continue;
            }
            self.is_stalled = false;
            let (piece, after) = rest.split_at(piece_size(bends, sent, rest.len()));
            if wire.sleep_until(self.next_send) {
                return false;
            }
            let now = Instant::now();
            wire.talk.add(now, Kind::Sent, from, sent, piece, words);
            if !wire.hand_on(from, piece) {
                return false;
            }
            self.next_send = now + pause(bends, piece.len());
            rest = after;
        }
    }

    fn cut(&self, how: &str, shutdown: Shutdown) -> bool {
        let words = format!(
            "{how} by wiretap after {} bytes",
            self.wire.talk.sent(self.from)
        );
        self.wire.talk.note(Kind::Bent, self.from, words);
        self.wire.abort(shutdown);
        false
    }

    /// Waits a moment with nothing handed on; whether the conversation goes on. A side that has
    /// ended would be stalled for ever.
    fn stall(&mut self) -> bool {
        if !self.is_stalled {
            self.is_stalled = true;
            let sent = self.wire.talk.sent(self.from);
            let words = format!("stalled by wiretap after {sent} bytes");
            self.wire.talk.note(Kind::Bent, self.from, words);
        }
        if self.wire.has_ended(self.from) {
            self.wire.abort(Shutdown::Both);
        }
        !self.wire.sleep_until(Instant::now() + STALLED)
    }
}

/// How many bytes the next send takes: no more than a chop, a rate or a limit allows.
fn piece_size(bends: &Bends, sent: u64, most: usize) -> usize {
    let limits = [Bend::CloseAfter, Bend::ResetAfter, Bend::StallAfter];
    let left = limits.map(|limit| bends.bytes(limit).saturating_sub(sent));
    let rate = bends.bytes(Bend::Rate).div_ceil(PIECES_A_SECOND);
    let sizes = left.into_iter().chain([bends.bytes(Bend::Chop), rate]);
    let smallest = sizes.filter(|&size| size != 0).min();
    smallest.map_or(most, |size| most.min(usize::try_from(size).unwrap_or(most)))
}

/// How long the next piece waits.
fn pause(bends: &Bends, sent: usize) -> Duration {
    match (bends.bytes(Bend::Rate), bends.bytes(Bend::Chop)) {
        (0, 0) => Duration::ZERO,
        (0, _) => BETWEEN_PIECES,
        (rate, _) => Duration::from_secs_f64(sent as f64 / rate as f64),
    }
}
