//! The events of all conversations, for those who follow them: the page, standard output, a file.
//!
//! No follower can hold a conversation up. The journal keeps the newest events; a follower
//! that is slower loses the oldest and is told how many.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use proto::sync::{lock, wait_timeout_while};

use crate::event::{Event, KEPT};
use crate::record;

/// How many events are kept.
pub const EVENTS: usize = 10_000;

/// How many events a follower is given at once.
const BATCH: usize = 1000;

/// How long a follower leaves between two looks, so that a fast conversation wakes it seldom.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The newest events.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    /// How many bytes of a piece of data an event needs.
    keep: usize,
    inner: Mutex<Inner>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Arc<Event>>,
    /// How many events there have been.
    count: u64,
    /// How many followers sleep until there is an event.
    asleep: usize,
    /// No more will come.
    is_complete: bool,
    record: Option<Record>,
    record_failed: Option<io::Error>,
}

/// A file with the lines that were written to it.
#[derive(Debug)]
struct Record {
    file: File,
    len: u64,
}

impl Record {
    /// Writes a line whole or not at all.
    fn write(&mut self, line: &str) -> io::Result<()> {
        self.file
            .write_all(line.as_bytes())
            // The part of a line that found room would make the file unreadable.
            .inspect_err(|_| drop(self.file.set_len(self.len)))?;
        self.len += line.len() as u64;
        Ok(())
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Journal {
    /// An empty journal, which also writes each event to `record` as a line.
    pub fn new(record: Option<File>) -> Self {
        Self {
            started: Instant::now(),
            keep: if record.is_some() { usize::MAX } else { KEPT },
            inner: Mutex::new(Inner {
                record: record.map(|file| Record { file, len: 0 }),
                ..Inner::default()
            }),
            news: Condvar::new(),
        }
    }

    /// How many bytes of a piece of data an event needs: all where there is a record.
    pub const fn keep(&self) -> usize {
        self.keep
    }

    /// Adds an event that happened at `when`.
    pub fn add_at(&self, when: Instant, mut event: Event) {
        let mut inner = lock(&self.inner);
        let since = when.saturating_duration_since(self.started);
        event.micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        self.push(&mut inner, event);
    }

    /// Adds an event that has its time already, from a recorded file.
    pub fn replay(&self, event: Event) {
        self.push(&mut lock(&self.inner), event);
    }

    fn push(&self, inner: &mut Inner, mut event: Event) {
        if let Some(record) = &mut inner.record
            && let Err(error) = record.write(&record::line(&event))
        {
            inner.record = None;
            inner.record_failed = Some(error);
        }
        event.data.truncate(KEPT);
        event.data.shrink_to_fit();
        if inner.events.len() == EVENTS {
            inner.events.pop_front();
        }
        inner.events.push_back(Arc::new(event));
        inner.count += 1;
        if inner.asleep > 0 {
            self.news.notify_all();
        }
    }

    /// Says that no more events will come.
    pub fn complete(&self) {
        lock(&self.inner).is_complete = true;
        self.news.notify_all();
    }

    /// Why the record could not be written to its end, once.
    pub fn record_error(&self) -> Option<io::Error> {
        lock(&self.inner).record_failed.take()
    }

    /// All events that are kept.
    pub fn kept(&self) -> Vec<Arc<Event>> {
        lock(&self.inner).events.iter().cloned().collect()
    }

    /// The events after the first `seen`, waiting for one until `limit` has passed.
    pub fn after(&self, seen: u64, limit: Duration) -> News {
        std::thread::sleep(BETWEEN_LOOKS);
        let mut inner = lock(&self.inner);
        // A browser may name an event of another run.
        let seen = seen.min(inner.count);
        if inner.count <= seen && !inner.is_complete {
            inner.asleep += 1;
            inner = wait_timeout_while(&self.news, inner, limit, |inner| {
                inner.count <= seen && !inner.is_complete
            });
            inner.asleep -= 1;
        }
        let kept_from = inner.count - inner.events.len() as u64;
        let lost = kept_from.saturating_sub(seen);
        let skip = (seen + lost - kept_from) as usize;
        let events: Vec<_> = inner
            .events
            .iter()
            .skip(skip)
            .take(BATCH)
            .cloned()
            .collect();
        let seen = seen + lost + events.len() as u64;
        News {
            events,
            lost,
            seen,
            is_complete: inner.is_complete && seen >= inner.count,
        }
    }
}

/// What is new for a follower.
#[derive(Debug)]
pub struct News {
    /// The events, oldest first.
    pub events: Vec<Arc<Event>>,
    /// How many events the follower has missed before these.
    pub lost: u64,
    /// How many events there have been: what to ask with next.
    pub seen: u64,
    /// No more will come.
    pub is_complete: bool,
}
