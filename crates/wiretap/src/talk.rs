//! One conversation: its number, what was handed on, and what a decoder reads in it.

use std::collections::VecDeque;
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
    decoder: Option<Mutex<Crossings>>,
    sent: [AtomicU64; 2],
}

/// What crosses, in the order in which it came: a question before its answer, although each
/// direction has a thread of its own.
#[derive(Debug)]
struct Crossings {
    decoder: Decoder,
    /// The oldest first; true where the bytes were handed on.
    waiting: VecDeque<(u64, Side, Vec<u8>, bool)>,
    count: u64,
}

impl Talk {
    /// Begins a conversation with `client`; `None` where there were enough.
    pub fn begin(tap: &Arc<Tap>, client: &str) -> Option<Self> {
        let talk = Self {
            tap: Arc::clone(tap),
            number: tap.next_conversation()?,
            decoder: tap.language.map(|language| {
                Mutex::new(Crossings {
                    decoder: Decoder::new(language),
                    waiting: VecDeque::new(),
                    count: 0,
                })
            }),
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

    /// Bytes are about to be handed on; what to say once they were.
    pub fn announce(&self, from: Side, bytes: &[u8]) -> u64 {
        let Some(crossings) = &self.decoder else {
            return 0;
        };
        let mut crossings = lock(crossings);
        crossings.count += 1;
        let number = crossings.count;
        let bytes = bytes.to_vec();
        crossings.waiting.push_back((number, from, bytes, false));
        number
    }

    /// Bytes were handed on: lets the decoder read them, after those that came before, and notes the
    /// fields it finds. It never sees a byte that has not crossed.
    pub fn crossed(&self, number: u64) {
        let Some(crossings) = &self.decoder else {
            return;
        };
        let mut crossings = lock(crossings);
        let Crossings {
            decoder, waiting, ..
        } = &mut *crossings;
        if let Some(found) = waiting.iter_mut().find(|(known, ..)| *known == number) {
            found.3 = true;
        }
        while let Some((_, from, bytes, _)) = waiting.pop_front_if(|(.., has_crossed)| *has_crossed)
        {
            for field in decoder.read(from, &bytes) {
                let mut event = Event::new(self.number, Kind::Field, from, field.text);
                (event.offset, event.len) = (field.offset, field.len);
                self.tap.journal.add_at(Instant::now(), event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Language;

    #[test]
    fn an_answer_is_read_after_its_question_whichever_thread_is_faster() {
        let tap = Arc::new(Tap {
            language: Some(Language::Length),
            ..Tap::default()
        });
        let talk = Talk::begin(&tap, "somewhere").unwrap();
        talk.crossed(talk.announce(Side::Server, b"6"));
        let ready = talk.announce(Side::Client, b"recv_ready");
        let body = talk.announce(Side::Server, b"hello\n");
        talk.crossed(body);
        talk.crossed(ready);
        let events = tap.journal.kept();
        let last = &events.last().unwrap().text;
        assert_eq!(last, "body, whole (6 bytes)");
    }
}
