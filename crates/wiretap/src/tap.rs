//! The state that all conversations share: the options, and the journal of their events.
//!
//! A slow follower of the journal (the page, standard output) does not delay a conversation: only
//! the newest events are kept, and the follower is told how many it missed. Only `--record` delays:
//! it is written before the bytes are sent on.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::Failure;
use proto::sync::{lock, wait_timeout_while};
use proto::{create_private, escape::shown_path};

use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::options::Options;

/// How many events are kept, and how many bytes of data for each. `--record` writes all bytes.
const EVENTS: usize = 10_000;
const KEPT: usize = 1024;

/// How many events a follower is given at once.
const BATCH: usize = 1000;

/// The pause of a follower between two reads, unless a whole batch waits, so that a fast
/// conversation seldom wakes it; a browser draws only 60 times a second.
const BETWEEN_LOOKS: Duration = Duration::from_millis(30);

/// How long a follower waits for an event in one call. The page then writes to the browser, and so
/// notices one that has gone.
const QUIET: Duration = Duration::from_secs(5);

/// The state that all conversations share.
#[derive(Debug)]
pub struct Tap {
    /// The options.
    pub options: &'static Options,
    started: Instant,
    /// How many conversations have begun.
    pub begun: AtomicU64,
    journal: Mutex<Journal>,
    news: Condvar,
}

/// The newest events.
#[derive(Debug, Default)]
struct Journal {
    events: VecDeque<Arc<Event>>,
    /// How many events there have been.
    count: u64,
    /// How many conversations are over.
    over: u64,
    /// No more events will come.
    is_complete: bool,
    /// A follower waits for the next event.
    is_awaited: bool,
    /// The file of `--record`, or the error that ended it.
    record: Option<Result<File, Failure>>,
}

/// Turns an error of this file into a failure.
pub fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> Failure {
    let what = format!("cannot {what} {}", shown_path(path));
    move |error| Failure::io(&what, &error)
}

impl Tap {
    /// A tap without events, or with those of the file of `--replay`.
    ///
    /// # Errors
    ///
    /// If the file of `--record` cannot be made, or that of `--replay` cannot be read.
    pub fn new(options: &'static Options) -> Result<Self, Failure> {
        let make = |path: &Path| create_private(path).map_err(cannot("make", path));
        let tap = Self {
            started: Instant::now(),
            begun: AtomicU64::new(0),
            journal: Mutex::new(Journal {
                record: options.record.as_deref().map(make).transpose()?.map(Ok),
                ..Journal::default()
            }),
            news: Condvar::new(),
            options,
        };
        if let Some(file) = &tap.options.replay {
            tap.read(file)?;
        }
        Ok(tap)
    }

    /// The number of a new conversation, from 1.
    pub fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds all events of a recorded file.
    fn read(&self, path: &Path) -> Result<(), Failure> {
        let failed = cannot("replay", path);
        let file = File::open(path).map_err(&failed)?;
        let mut lines = BufReader::new(file).split(b'\n').zip(1..).peekable();
        while let Some((line, number)) = lines.next() {
            match Event::from_json(&line.map_err(&failed)?) {
                Ok(event) => self.add(event),
                // The last line may be incomplete: the disk was full, or wiretap was killed.
                Err(_) if number > 1 && lines.peek().is_none() => {}
                Err(why) => return Err(failed(io::Error::other(format!("line {number}: {why}")))),
            }
        }
        self.complete();
        Ok(())
    }

    /// Adds an event; one of a live conversation gets the current time.
    fn add(&self, mut event: Event) {
        let mut journal = lock(&self.journal);
        if self.options.replay.is_none() {
            event.micros = self.started.elapsed().as_micros() as u64;
        }
        if let Some(Ok(file)) = &mut journal.record
            && let Err(error) = file.write_all(format!("{}\n", event.to_json()).as_bytes())
        {
            let failure = Failure::io("the record is cut short", &error);
            self.options.log.complain(&failure);
            journal.record = Some(Err(failure));
        }
        event.data.truncate(KEPT);
        event.data.shrink_to_fit();
        if event.kind == Kind::Over {
            journal.over += 1;
            journal.is_complete |= Some(journal.over) == self.options.connections;
        }
        if journal.events.len() == EVENTS {
            journal.events.pop_front();
        }
        journal.events.push_back(Arc::new(event));
        journal.count += 1;
        // std makes a system call even if nothing waits.
        if mem::take(&mut journal.is_awaited) {
            self.news.notify_all();
        }
    }

    /// Says that no more events will come.
    pub fn complete(&self) {
        lock(&self.journal).is_complete = true;
        self.news.notify_all();
    }

    /// Closes the record.
    ///
    /// # Errors
    ///
    /// The error that ended it before.
    pub fn close_record(&self) -> Result<(), Failure> {
        lock(&self.journal).record.take().transpose().map(drop)
    }

    /// All events that are kept.
    pub fn kept(&self) -> Vec<Arc<Event>> {
        lock(&self.journal).events.iter().cloned().collect()
    }

    /// The events after the first `seen` ones; waits a while if there is none yet. Adds their
    /// number to `seen`. Also returns how many the follower has missed before these, and whether no
    /// more will come.
    pub fn after(&self, seen: &mut u64) -> (Vec<Arc<Event>>, u64, bool) {
        if lock(&self.journal).count.saturating_sub(*seen) < BATCH as u64 {
            thread::sleep(BETWEEN_LOOKS);
        }
        let journal = lock(&self.journal);
        let journal = wait_timeout_while(&self.news, journal, QUIET, |journal| {
            journal.is_awaited |= journal.count <= *seen;
            journal.count <= *seen && !journal.is_complete
        });
        let first = journal.count - journal.events.len() as u64;
        let lost = first.saturating_sub(*seen);
        let skipped = seen.saturating_sub(first) as usize;
        let events = journal.events.iter().skip(skipped).take(BATCH);
        let events: Vec<_> = events.cloned().collect();
        *seen += lost + events.len() as u64;
        let is_complete = journal.is_complete && *seen >= journal.count;
        (events, lost, is_complete)
    }
}

/// A conversation, over a connection or in datagrams.
#[derive(Debug)]
pub struct Talk {
    pub tap: &'static Tap,
    /// Whether it was ended in both directions.
    pub is_over: AtomicBool,
    pub number: u64,
    decoder: Option<Mutex<Decoder>>,
}

impl Talk {
    /// Holds the conversation of this number with `client`, which `forward` forwards. It returns
    /// how many bytes of the client and of the server it has forwarded. Returns whether there was a
    /// conversation: not if the limit of conversations is reached, or `forward` fails.
    pub fn hold(
        tap: &'static Tap,
        number: u64,
        client: &str,
        forward: impl FnOnce(&Self) -> Result<[u64; 2], Failure>,
    ) -> bool {
        if tap.options.connections.is_some_and(|limit| number > limit) {
            return false;
        }
        let talk = Self {
            tap,
            is_over: AtomicBool::new(false),
            number,
            decoder: tap.options.decode.map(Decoder::new).map(Mutex::new),
        };
        talk.note(Kind::Opened, Side::Client, client);
        let note = |failure: Failure| talk.note(Kind::Refused, Side::Server, &failure.to_string());
        let sent = forward(&talk).map_err(note);
        let [client, server] = sent.unwrap_or_default();
        let totals = format!("{client} bytes from the client, {server} from the server");
        talk.note(Kind::Over, Side::Client, &totals);
        sent.is_ok()
    }

    /// Adds an event without bytes to the journal.
    pub fn note(&self, kind: Kind, from: Side, text: &str) {
        self.add(kind, from, 0, &[], text);
    }

    /// Adds an event with bytes to the journal, and then the fields that the decoder finds in them.
    /// Call it before the bytes are forwarded: otherwise the reply could be noted before the
    /// request.
    pub fn add(&self, kind: Kind, from: Side, offset: u64, data: &[u8], text: &str) {
        let is_recorded = self.tap.options.record.is_some();
        let kept = &data[..data.len().min(if is_recorded { usize::MAX } else { KEPT })];
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
        let is_handed_on = matches!(kind, Kind::Passed | Kind::Sent);
        // Locked before the event is added, so that both directions are decoded in its order.
        let decoder = self.decoder.as_ref().filter(|_| is_handed_on).map(lock);
        self.tap.add(event(kind, offset, data.len(), kept, text));
        let Some(mut decoder) = decoder else { return };
        let mut at = offset;
        for (len, text) in decoder.read(from, data) {
            self.tap.add(event(Kind::Field, at, len, &[], &text));
            at += len as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a fast conversation overtakes standard output, which then loses events.
    #[test]
    fn a_follower_that_is_behind_does_not_pause() {
        let options = Box::leak(Box::new(Options::default()));
        let tap = Box::leak(Box::new(Tap::new(options).unwrap()));
        let pauses = BETWEEN_LOOKS * (EVENTS / BATCH) as u32;
        Talk::hold(tap, 1, "", |talk| {
            for _ in 0..EVENTS {
                talk.note(Kind::Closed, Side::Client, "");
            }
            Ok([0; 2])
        });
        // A busy machine may be slow once.
        let is_fast = (0..20).any(|_| {
            let (started, mut seen) = (Instant::now(), 0);
            for _ in 0..EVENTS / BATCH {
                assert_eq!(tap.after(&mut seen).0.len(), BATCH);
            }
            started.elapsed() < pauses
        });
        assert!(is_fast);
    }
}
