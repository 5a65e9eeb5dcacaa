//! The one way to stderr. A server writes from a thread of its own, so that a reader of its log that
//! stops, or a terminal that is held by Ctrl-S, stops nothing else.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::Failure;

/// How many texts wait for the writer at most. One more is dropped and counted.
const MAX_WAITING: usize = 1024;
/// How long the end of a process waits for its last texts to be written.
const LAST_TEXTS: Duration = Duration::from_millis(500);

static WRITER: OnceLock<SyncSender<Item>> = OnceLock::new();
/// How many were dropped since the last that was not.
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Item {
    /// A text, and how many were dropped before it.
    Text(String, u64),
    /// Asks for an answer once all before it is written.
    Flush(SyncSender<()>),
}

/// From now on texts for stderr are written by a thread of their own: nothing that logs ever waits.
/// What does not fit into its queue is dropped, and the next line says how many.
///
/// # Errors
///
/// Where the system has no thread left.
pub fn log_in_background() -> Result<(), Failure> {
    let (sender, queue) = mpsc::sync_channel(MAX_WAITING);
    thread::Builder::new()
        .name("log".into())
        .spawn(move || write_all(&queue))
        .map_err(|error| Failure::start("cannot start a thread", &error))?;
    let _ = WRITER.set(sender);
    Ok(())
}

/// Shows a text. `eprint!` would panic where stderr is closed or full.
pub(super) fn eprint(text: &str) {
    let Some(writer) = WRITER.get() else {
        return write(text);
    };
    let dropped = DROPPED.swap(0, Ordering::Relaxed);
    if writer
        .try_send(Item::Text(text.to_owned(), dropped))
        .is_err()
    {
        DROPPED.fetch_add(dropped + 1, Ordering::Relaxed);
    }
}

/// Waits for a moment until everything is written that was shown so far.
pub(super) fn flush() {
    let Some(writer) = WRITER.get() else { return };
    let until = Instant::now() + LAST_TEXTS;
    let (done, written) = mpsc::sync_channel(1);
    let mut item = Item::Flush(done);
    while let Err(TrySendError::Full(back)) = writer.try_send(item) {
        if Instant::now() >= until {
            return;
        }
        item = back;
        thread::sleep(Duration::from_millis(5));
    }
    let _ = written.recv_timeout(until.saturating_duration_since(Instant::now()));
}

fn write_all(queue: &Receiver<Item>) {
    for item in queue {
        match item {
            Item::Text(text, 0) => write(&text),
            Item::Text(text, dropped) => write(&format!("{}{text}", dropped_line(dropped))),
            Item::Flush(done) => {
                let dropped = DROPPED.swap(0, Ordering::Relaxed);
                if dropped > 0 {
                    write(&dropped_line(dropped));
                }
                let _ = done.send(());
            }
        }
    }
}

fn dropped_line(count: u64) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    format!("({count} {lines} dropped here: the log was not read fast enough)\n")
}

fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
