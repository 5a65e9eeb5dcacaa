//! One conversation: its number, what was handed on, and what a decoder reads in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use proto::sync::lock;

use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::tap::Tap;

/// A conversation, over a connection or in datagrams.
#[derive(Debug)]
pub struct Talk {
    pub tap: Arc<Tap>,
    number: u64,
    decoder: Option<Mutex<Decoder>>,
    sent: [AtomicU64; 2],
}

impl Talk {
    /// Begins a conversation with `client`; `None` where there were enough.
    pub fn begin(tap: &Arc<Tap>, client: &str) -> Option<Self> {
        let talk = Self {
            tap: Arc::clone(tap),
            number: tap.next_conversation()?,
            decoder: tap
                .language
                .map(|language| Mutex::new(Decoder::new(language))),
            sent: Default::default(),
        };
        talk.note(Kind::Opened, Side::Client, client);
        Some(talk)
    }

    /// Says that it is over.
    pub fn end(&self) {
        let [client, server] = Side::BOTH.map(|side| self.sent(side));
        let totals = format!("{client} bytes from the client, {server} from the server");
        self.note(Kind::Over, Side::Client, totals);
        self.tap.end_conversation();
    }

    /// Counts bytes of `from` that are handed on; how many there were before.
    pub fn count(&self, from: Side, data: &[u8]) -> u64 {
        self.sent[from as usize].fetch_add(data.len() as u64, Ordering::Relaxed)
    }

    /// How many bytes of `from` were handed on.
    pub fn sent(&self, from: Side) -> u64 {
        self.sent[from as usize].load(Ordering::Relaxed)
    }

    /// Adds an event with bytes to the journal.
    pub fn add(&self, when: Instant, kind: Kind, from: Side, at: u64, data: &[u8], text: &str) {
        let keep = self.tap.journal.keep();
        let event = Event::new(self.number, kind, from, text).with_data(at, data, keep);
        self.tap.journal.add_at(when, event);
    }

    /// Adds an event without bytes to the journal.
    pub fn note(&self, kind: Kind, from: Side, text: impl Into<String>) {
        let event = Event::new(self.number, kind, from, text);
        self.tap.journal.add_at(Instant::now(), event);
    }

    /// Lets the decoder read bytes that were handed on, and notes the fields it finds.
    pub fn decode(&self, from: Side, bytes: &[u8]) {
        let Some(decoder) = &self.decoder else { return };
        for field in lock(decoder).read(from, bytes) {
            let mut event = Event::new(self.number, Kind::Field, from, field.text);
            (event.offset, event.len) = (field.offset, field.len);
            self.tap.journal.add_at(Instant::now(), event);
        }
    }
}
