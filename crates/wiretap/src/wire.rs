//! What both directions of a conversation share.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proto::net::Stream;

use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::tap::Tap;

/// How soon a thread that sleeps notices the end of the conversation.
pub const LOOK: Duration = Duration::from_millis(20);

/// Both directions of a conversation. Arrays are indexed by the side that sends.
pub struct Wire<'a> {
    pub tap: &'a Tap,
    pub number: u64,
    pub streams: [&'a Stream; 2],
    pub decoder: Option<&'a Mutex<Decoder>>,
    /// How many bytes of each side were handed on.
    pub sent: [AtomicU64; 2],
    /// Which sides will send no more.
    pub has_ended: [AtomicBool; 2],
    pub is_aborted: AtomicBool,
}

impl Wire<'_> {
    /// Sends bytes of `from` to the other side; whether that worked.
    pub fn hand_on(&self, from: Side, data: &[u8]) -> bool {
        let mut sink = self.streams[from.other() as usize];
        if sink.write_all(data).is_err() {
            // The reader of that side learns why, and says so.
            self.abort(Shutdown::Both);
            return false;
        }
        self.sent[from as usize].fetch_add(data.len() as u64, Ordering::Relaxed);
        true
    }

    /// Tells the other side that `from` sends no more.
    pub fn close(&self, from: Side) {
        let _ = self.streams[from.other() as usize].shutdown(Shutdown::Write);
    }

    /// How many bytes of `from` were handed on.
    pub fn sent(&self, from: Side) -> u64 {
        self.sent[from as usize].load(Ordering::Relaxed)
    }

    /// Whether `from` will send no more.
    pub fn has_ended(&self, from: Side) -> bool {
        self.has_ended[from as usize].load(Ordering::Relaxed)
    }

    /// Ends both directions at once. `Shutdown::Read` sends nothing: the connections then end when
    /// they are closed, with a reset where bytes are unread.
    pub fn abort(&self, how: Shutdown) {
        self.is_aborted.store(true, Ordering::Relaxed);
        for stream in self.streams {
            let _ = stream.shutdown(how);
        }
    }

    /// Whether both directions were ended at once.
    pub fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Relaxed)
    }

    /// Sleeps until `when`, or until the conversation is aborted: whether it is.
    pub fn sleep_until(&self, when: Instant) -> bool {
        while !self.is_aborted() {
            let left = when.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::sleep(left.min(LOOK));
        }
        true
    }

    /// Lets the decoder read bytes that were handed on.
    pub fn decode(&self, from: Side, data: &[u8]) {
        self.tap.decode(self.decoder, self.number, from, data);
    }

    /// Adds an event with bytes to the journal.
    pub fn add(&self, when: Instant, kind: Kind, from: Side, at: u64, data: &[u8], text: String) {
        let keep = self.tap.journal.keep();
        let event = Event::new(self.number, kind, from, text).with_data(at, data, keep);
        self.tap.journal.add_at(when, event);
    }

    /// Adds an event without bytes to the journal.
    pub fn note(&self, kind: Kind, from: Side, text: impl Into<String>) {
        let event = Event::new(self.number, kind, from, text);
        self.tap.journal.add(event);
    }
}
