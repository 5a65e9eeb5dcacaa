//! Shows the progress of a long transfer on stderr.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use super::stderr::eprint;

/// A shorter transfer, in bytes, shows no progress.
const WORTH_SHOWING: u64 = 1 << 20;
/// The line is updated at most this often.
const EVERY: Duration = Duration::from_millis(200);

/// A line on stderr that is updated in place. It is shown only if stderr is a terminal and stdout
/// is not, because on one terminal it would garble the data.
///
/// ```
/// let mut progress = proto::cli::Progress::new(10 << 20, false);
/// for _ in 0..10 {
///     progress.advance(1 << 20);
/// }
/// ```
#[derive(Debug)]
pub struct Progress {
    total: u64,
    done: u64,
    shown: Option<Instant>,
    wanted: bool,
}

impl Progress {
    /// For a transfer of `total` bytes. Less than 1 MiB shows nothing, and `quiet` hides the line.
    pub fn new(total: u64, quiet: bool) -> Self {
        let seen = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self {
            total,
            done: 0,
            shown: None,
            wanted: !quiet && total >= WORTH_SHOWING && seen,
        }
    }

    /// Counts `bytes` more as transferred.
    pub fn advance(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if !self.wanted || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = self.done.saturating_mul(100) / self.total.max(1);
        let (done, total) = (self.done >> 10, self.total >> 10);
        eprint(&format!("\r{done} of {total} KiB ({percent} %)"));
    }
}

/// Clears the line.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            eprint("\r\x1b[K");
        }
    }
}
