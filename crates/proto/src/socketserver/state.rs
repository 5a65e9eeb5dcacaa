//! How many requests are being served, and whether the server is stopping.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::sync::{lock, wait_timeout_while};

/// What the accept loop, the handlers' threads and whoever stops the server share.
#[derive(Debug, Default)]
pub(super) struct State {
    now: Mutex<Now>,
    changed: Condvar,
    /// Whether `stop_by` is set, for a loop that asks before every datagram.
    stopping: AtomicBool,
    /// Held by whoever wakes the loop, and while the listener is closed.
    waking: Mutex<()>,
}

#[derive(Debug, Default)]
struct Now {
    live: usize,
    accepting: bool,
    stop_by: Option<Instant>,
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        lock(&self.now)
    }

    /// Counts one more request, unless there are `most` already: then says how many.
    pub(super) fn enter(&self, most: usize) -> Result<(), usize> {
        let mut now = self.now();
        if now.live >= most {
            return Err(now.live);
        }
        now.live += 1;
        Ok(())
    }

    /// Counts one request less.
    pub(super) fn leave(&self) {
        let mut now = self.now();
        now.live -= 1;
        if now.stop_by.is_some() {
            self.changed.notify_all();
        }
    }

    /// Runs `then` while no other thread wakes the loop or closes the listener: both do so by way of
    /// this. To be woken the listener must be held for a moment;
    /// if that were when the loop closes it, the listener would outlive its server, and a process
    /// that ends just then would leave its socket file behind.
    pub(super) fn exclusively(&self, then: impl FnOnce()) {
        let turn = lock(&self.waking);
        then();
        drop(turn);
    }

    pub(super) fn live(&self) -> usize {
        self.now().live
    }

    pub(super) fn set_accepting(&self, accepting: bool) {
        self.now().accepting = accepting;
        self.changed.notify_all();
    }

    pub(super) fn is_accepting(&self) -> bool {
        self.now().accepting
    }

    /// From now on the server is stopping; its handlers have `grace` to finish.
    pub(super) fn stop(&self, grace: Duration) {
        let mut now = self.now();
        if now.stop_by.is_none() {
            // A grace that overflows the clock is as good as a day.
            let day = Duration::from_secs(24 * 60 * 60);
            now.stop_by = Some(Instant::now() + grace.min(day));
            self.stopping.store(true, Ordering::Release);
        }
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether the server should have stopped that long ago, the grace of its handlers included.
    pub(super) fn is_overdue(&self, by: Duration) -> bool {
        let stop_by = self.now().stop_by;
        stop_by.is_some_and(|stop_by| stop_by.elapsed() >= by)
    }

    /// Waits for `time`, or less where the server is stopped meanwhile.
    pub(super) fn pause(&self, time: Duration) {
        let now = self.now();
        drop(
            self.changed
                .wait_timeout_while(now, time, |now| now.stop_by.is_none()),
        );
    }

    /// Waits until the accept loop has ended, at most for `time`.
    pub(super) fn wait_until_not_accepting(&self, time: Duration) {
        let now = self.now();
        drop(
            self.changed
                .wait_timeout_while(now, time, |now| now.accepting),
        );
    }

    /// Waits until nothing is being served or the grace is over; how many are left.
    pub(super) fn drain(&self) -> usize {
        let now = self.now();
        let Some(by) = now.stop_by else {
            return now.live;
        };
        let left = by.saturating_duration_since(Instant::now());
        let now = wait_timeout_while(&self.changed, now, left, |now| now.live > 0);
        now.live
    }
}
