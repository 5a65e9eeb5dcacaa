//! Writes to stderr. A server logs from a separate thread, so that a log reader that stops, or a
//! terminal paused with Ctrl-S, does not block its connections.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::{Failure, start_thread};
use super::output::{set_line_open, write_waiting};
use crate::escape::many;

/// The length of the writer's queue, in texts. Further texts are dropped and counted.
const MAX_WAITING: usize = 1024;
/// How long a process that exits waits for its last texts to be written.
const LAST_TEXTS: Duration = Duration::from_millis(500);

static WRITER: OnceLock<SyncSender<Item>> = OnceLock::new();
/// How many texts were dropped since the last one that was queued.
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Item {
    /// A text, and how many were dropped before it.
    Text(String, u64),
    /// Asks for a reply once all earlier texts are written.
    Flush(SyncSender<()>),
}

/// Starts a thread that writes to stderr from now on, so that logging never blocks. What does not
/// fit into its queue is dropped, and the next line counts it.
///
/// # Errors
///
/// If the thread cannot be started.
pub fn log_in_background() -> Result<(), Failure> {
    let (sender, queue) = mpsc::sync_channel(MAX_WAITING);
    start_thread("log", move || write_all(&queue))?;
    let _ = WRITER.set(sender);
    Ok(())
}

/// Writes a text to stderr. On a terminal it begins on a new line. `eprint!` would panic if stderr
/// is closed or full.
pub(super) fn eprint(text: &str) {
    if set_line_open(false) && io::stderr().is_terminal() {
        return eprint(&format!("\n{text}"));
    }
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

/// Waits until all texts so far are written, but at most for [`LAST_TEXTS`].
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
    let lines = many(count, "line", "lines");
    format!("({lines} dropped here: the log was not read fast enough)\n")
}

fn write(text: &str) {
    // If the write fails, there is no other place to report it.
    let _ = write_waiting(&mut io::stderr(), text.as_bytes());
}
