//! What all conversations share, and one of them: its number, its events, how much was handed on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proto::sync::lock;

use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::journal::Journal;
use crate::options::Options;

/// What all conversations share.
#[derive(Debug)]
pub struct Tap {
    /// Where events go.
    pub journal: Journal,
    /// What was asked for.
    pub options: Options,
}

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
            number: tap.journal.begin_conversation()?,
            decoder: tap.options.decode.map(Decoder::new).map(Mutex::new),
            sent: Default::default(),
        };
        talk.note(Kind::Opened, Side::Client, client);
        Some(talk)
    }

    /// Says that it is over.
    pub fn end(&self) {
        let [client, server] = Side::BOTH.map(|side| self.sent(side));
        let totals = format!("{client} bytes from the client, {server} from the server");
        self.note(Kind::Over, Side::Client, &totals);
    }

    /// Counts bytes of `from` that are handed on; how many there were before.
    pub fn count(&self, from: Side, bytes: usize) -> u64 {
        self.sent[from as usize].fetch_add(bytes as u64, Ordering::Relaxed)
    }

    /// How many bytes of `from` were handed on.
    pub fn sent(&self, from: Side) -> u64 {
        self.sent[from as usize].load(Ordering::Relaxed)
    }

    /// Adds an event without bytes to the journal.
    pub fn note(&self, kind: Kind, from: Side, text: &str) {
        self.add(kind, from, 0, &[], text);
    }

    /// Adds an event with bytes to the journal. Those that are handed on are noted right before, or
    /// the answer might be noted before the question; the decoder reads them there, and what it found
    /// follows them.
    pub fn add(&self, kind: Kind, from: Side, offset: u64, data: &[u8], text: &str) {
        let journal = &self.tap.journal;
        let event = |kind, offset, len, data: &[u8], text: &str| Event {
            micros: 0,
            conversation: self.number,
            kind,
            from,
            offset,
            len,
            data: data.to_vec(),
            text: text.into(),
        };
        let kept = &data[..data.len().min(journal.keep)];
        let event_of_data = event(kind, offset, data.len(), kept, text);
        let is_handed_on = matches!(kind, Kind::Passed | Kind::Sent);
        let Some(decoder) = self.decoder.as_ref().filter(|_| is_handed_on) else {
            return journal.add(event_of_data);
        };
        let mut decoder = lock(decoder);
        journal.add(event_of_data);
        for field in decoder.read(from, data) {
            journal.add(event(
                Kind::Field,
                field.offset,
                field.len,
                &[],
                &field.text,
            ));
        }
    }
}
