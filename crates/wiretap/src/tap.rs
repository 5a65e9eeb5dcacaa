//! What all conversations share: the journal, the bent line, the target, and their count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use proto::net::Endpoint;
use proto::sync::{lock, wait_while};

use crate::bend::Line;
use crate::decode::Language;
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
    /// After how many conversations there are no more, 0 for never.
    pub limit: u64,
    /// How many conversations have begun.
    pub begun: AtomicU64,
    /// How many have ended.
    pub ends: Mutex<Ends>,
    /// Tells of each end.
    pub news: Condvar,
}

/// How many conversations have ended.
#[derive(Debug, Default)]
pub struct Ends {
    /// How many conversations are over.
    count: u64,
    /// There will be no more.
    is_complete: bool,
}

impl Tap {
    /// The number of the next conversation, from 1; `None` where there were enough.
    pub fn next_conversation(&self) -> Option<u64> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        (self.limit == 0 || number <= self.limit).then_some(number)
    }

    /// Counts a conversation that is over.
    pub fn end_conversation(&self) {
        let mut ends = lock(&self.ends);
        ends.count += 1;
        ends.is_complete |= ends.count == self.limit;
        self.news.notify_all();
    }

    /// No more events come, and no thread waits for an end any more.
    pub fn complete(&self) {
        self.journal.complete();
        lock(&self.ends).is_complete = true;
        self.news.notify_all();
    }

    /// Waits for the end of a conversation after the first `seen` that have ended; whether there
    /// may be more.
    pub fn wait_for_an_end(&self, seen: &mut u64) -> bool {
        let ends = wait_while(&self.news, lock(&self.ends), |ends| {
            ends.count <= *seen && !ends.is_complete
        });
        *seen = ends.count;
        !ends.is_complete
    }
}
