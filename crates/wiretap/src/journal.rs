//! The events of all conversations, for their followers: the page, standard output, a file.
//!
//! A slow follower does not delay a conversation: the journal keeps only the newest events and
//! tells the follower how many it missed. Only `--record` does: it is written before the bytes are
//! sent on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use proto::cli::{Failure, Log};
use proto::reason;
use proto::sync::{lock, wait_timeout_while};

use crate::event::{Event, Kind};

/// How many events are kept, and how many bytes of data for each. `--record` writes all bytes.
const EVENTS: usize = 10_000;
const KEPT: usize = 1024;

/// How many events a follower is given at once.
const BATCH: usize = 1000;

/// The pause of a follower between two reads, so that a fast conversation seldom wakes it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The newest events.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    /// How many bytes of a piece of data an event keeps.
    pub keep: usize,
    /// The maximum number of conversations; 0 for no limit.
    limit: u64,
    log: Log,
    inner: Mutex<Inner>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Arc<Event>>,
    /// How many events there have been.
    count: u64,
    /// How many conversations have begun.
    begun: u64,
    over: u64,
    /// No more events will come.
    is_complete: bool,
    record: Option<File>,
    record_failure: Option<Failure>,
}

/// What is new for a follower.
#[derive(Debug)]
pub struct News {
    /// The events, oldest first.
    pub events: Vec<Arc<Event>>,
    /// How many events the follower has missed before these.
    pub lost: u64,
    /// How many events there have been: the `seen` of the next call.
    pub seen: u64,
    /// How many conversations are over.
    pub over: u64,
    /// No more events will come.
    pub is_complete: bool,
}

impl Journal {
    /// An empty journal for at most `limit` conversations (0: no limit), which also writes each
    /// event to `record`.
    pub fn new(limit: u64, record: Option<File>, log: Log) -> Self {
        Self {
            started: Instant::now(),
            keep: if record.is_some() { usize::MAX } else { KEPT },
            limit,
            log,
            inner: Mutex::new(Inner {
                record,
                ..Inner::default()
            }),
            news: Condvar::new(),
        }
    }

    /// A journal with all events of a recorded file.
    ///
    /// # Errors
    ///
    /// The number of the line and what is wrong with it, or why the file cannot be read.
    pub fn read(path: &Path, log: Log) -> Result<Self, String> {
        let journal = Self::new(0, None, log);
        let file = File::open(path).map_err(|error| reason(&error))?;
        let mut lines = BufReader::new(file).split(b'\n').zip(1..).peekable();
        while let Some((line, number)) = lines.next() {
            match Event::from_json(&line.map_err(|error| reason(&error))?) {
                Ok(event) => journal.push(&mut lock(&journal.inner), event),
                // The last line may be incomplete: the disk was full, or wiretap was killed.
                Err(_) if number > 1 && lines.peek().is_none() => {}
                Err(why) => return Err(format!("line {number}: {why}")),
            }
        }
        journal.complete();
        Ok(journal)
    }

    /// The number of the next conversation, from 1; `None` if the limit is reached.
    pub fn begin_conversation(&self) -> Option<u64> {
        let mut inner = lock(&self.inner);
        inner.begun += 1;
        (self.limit == 0 || inner.begun <= self.limit).then_some(inner.begun)
    }

    /// Adds an event, with the current time.
    pub fn add(&self, mut event: Event) {
        let mut inner = lock(&self.inner);
        event.micros = self.started.elapsed().as_micros() as u64;
        if let Some(file) = &mut inner.record
            && let Err(error) = file.write_all(format!("{}\n", event.to_json()).as_bytes())
        {
            let failure = Failure::io("the record is cut short", &error);
            self.log.complain(&failure);
            inner.record = None;
            inner.record_failure = Some(failure);
        }
        self.push(&mut inner, event);
    }

    fn push(&self, inner: &mut Inner, mut event: Event) {
        event.data.truncate(KEPT);
        event.data.shrink_to_fit();
        if event.kind == Kind::Over {
            inner.over += 1;
            inner.is_complete |= inner.over == self.limit;
        }
        if inner.events.len() == EVENTS {
            inner.events.pop_front();
        }
        inner.events.push_back(Arc::new(event));
        inner.count += 1;
        self.news.notify_all();
    }

    /// Says that no more events will come.
    pub fn complete(&self) {
        lock(&self.inner).is_complete = true;
        self.news.notify_all();
    }

    /// The error that ended the record, if there was one.
    pub fn record_failure(&self) -> Option<Failure> {
        lock(&self.inner).record_failure.take()
    }

    /// All events that the journal has kept.
    pub fn kept(&self) -> Vec<Arc<Event>> {
        lock(&self.inner).events.iter().cloned().collect()
    }

    /// The events after the first `seen`; waits up to `limit` for one.
    pub fn after(&self, seen: u64, limit: Duration) -> News {
        std::thread::sleep(BETWEEN_LOOKS);
        let inner = lock(&self.inner);
        // A browser may send the ID of an event of an earlier run.
        let seen = seen.min(inner.count);
        let inner = wait_timeout_while(&self.news, inner, limit, |inner| {
            inner.count <= seen && !inner.is_complete
        });
        let first = inner.count - inner.events.len() as u64;
        let lost = first.saturating_sub(seen);
        let skipped = (seen + lost - first) as usize;
        let events = inner.events.iter().skip(skipped).take(BATCH);
        let events: Vec<_> = events.cloned().collect();
        let seen = seen + lost + events.len() as u64;
        News {
            events,
            lost,
            seen,
            over: inner.over,
            is_complete: inner.is_complete && seen >= inner.count,
        }
    }
}
