//! What all conversations share: the journal, the bent line, the target, and their count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use proto::net::Endpoint;
use proto::sync::{lock, wait_while};

use crate::bend::Line;
use crate::decode::{Decoder, Language};
use crate::event::{Event, Kind, Side};
use crate::journal::Journal;

/// Everything that a conversation needs to know of the rest.
#[derive(Debug, Default)]
pub struct Tap {
    /// Where events go.
    pub journal: Journal,
    /// How the line is bent.
    pub line: Line,
    /// The server that conversations are handed on to.
    pub target: Endpoint,
    /// What the bytes are read as.
    pub language: Option<Language>,
    /// What decides the fate of datagrams.
    pub seed: u64,
    /// After how many conversations there are no more, 0 for never.
    pub limit: u64,
    /// How many there have been.
    pub count: Count,
}

/// How many conversations have begun, and how many have ended.
#[derive(Debug, Default)]
pub struct Count {
    begun: AtomicU64,
    over: Mutex<u64>,
    one_is_over: Condvar,
    datagrams: [AtomicU64; 2],
}

impl Count {
    /// The number of the next datagram of a side, from 0, over all conversations.
    pub fn datagram(&self, from: Side) -> u64 {
        self.datagrams[from as usize].fetch_add(1, Ordering::Relaxed)
    }
}

impl Tap {
    /// Begins a conversation with `client`: its number, or `None` where there were enough.
    pub fn begin(&self, client: &str) -> Option<u64> {
        let number = self.count.begun.fetch_add(1, Ordering::Relaxed) + 1;
        if self.limit != 0 && number > self.limit {
            return None;
        }
        self.journal
            .add(Event::new(number, Kind::Opened, Side::Client, client));
        Some(number)
    }

    /// Says that a conversation is over, after `sent` bytes of each side.
    pub fn end(&self, number: u64, sent: [u64; 2]) {
        let [client, server] = sent;
        let totals = format!("{client} bytes from the client, {server} from the server");
        self.journal
            .add(Event::new(number, Kind::Over, Side::Client, totals));
        *lock(&self.count.over) += 1;
        self.count.one_is_over.notify_all();
    }

    /// Says that the server of a conversation cannot be reached, which ends it.
    pub fn refuse(&self, number: u64, why: &str) {
        let event = Event::new(number, Kind::Refused, Side::Server, why);
        self.journal.add(event);
        self.end(number, [0, 0]);
    }

    /// Waits for the end of a conversation after the first `seen` that have ended; `None` where
    /// that was the last one of the limit.
    pub fn wait_for_an_end(&self, seen: u64) -> Option<u64> {
        let over = wait_while(&self.count.one_is_over, lock(&self.count.over), |over| {
            *over <= seen
        });
        (self.limit == 0 || *over < self.limit).then_some(*over)
    }

    /// A reader of what the two sides say, where one was asked for.
    pub fn decoder(&self) -> Option<Mutex<Decoder>> {
        self.language
            .map(|language| Mutex::new(Decoder::new(language)))
    }

    /// Lets `decoder` read bytes that have been handed on, and notes the fields it finds.
    pub fn decode(&self, decoder: Option<&Mutex<Decoder>>, number: u64, from: Side, bytes: &[u8]) {
        let Some(decoder) = decoder else { return };
        for field in lock(decoder).read(from, bytes) {
            let mut event = Event::new(number, Kind::Field, from, field.text);
            (event.offset, event.len) = (field.offset, field.len);
            self.journal.add(event);
        }
    }
}
