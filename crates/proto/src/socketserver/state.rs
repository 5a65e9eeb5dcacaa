//! The state of a server: the live requests, and whether it is stopping.

use std::cell::Cell;
use std::collections::HashMap;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::net::{Stream, WeakStream};
use crate::sync::{lock, wait_timeout_while};

thread_local! {
    /// The server whose request this thread is handling.
    static HANDLING: Cell<*const State> = const { Cell::new(ptr::null()) };
}

/// Shared by the accept loops, the handlers' threads and the stopping thread.
#[derive(Debug, Default)]
pub(super) struct State {
    now: Mutex<Now>,
    changed: Condvar,
    /// When the stop began, and its grace. It is set under the lock of `now`. The loops check it for
    /// every request, so reading it needs no lock.
    stop: OnceLock<(Instant, Duration)>,
}

#[derive(Debug, Default)]
struct Now {
    /// The requests being served, by number, each with its stream if it has one.
    live: HashMap<u64, Option<WeakStream>>,
    last: u64,
    accepting: bool,
}

/// Counts one request being served, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    state: Arc<State>,
    number: u64,
}

/// Why a request gets no [`Permit`].
pub(super) enum NoPermit {
    Full { in_use: usize },
    Stopping,
}

/// The server counts as accepting until this is dropped, which a panic does, too.
pub(super) struct Accepting<'a>(&'a State);

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        lock(&self.now)
    }

    /// Counts one more request, unless there are `max` already or the server is stopping.
    pub(super) fn enter(
        self: &Arc<Self>,
        max: usize,
        stream: Option<&Stream>,
    ) -> Result<Permit, NoPermit> {
        let mut now = self.now();
        if self.is_stopping() {
            return Err(NoPermit::Stopping);
        }
        let in_use = now.live.len();
        if in_use >= max {
            return Err(NoPermit::Full { in_use });
        }
        now.last += 1;
        let number = now.last;
        now.live.insert(number, stream.map(Stream::downgrade));
        Ok(Permit {
            state: Arc::clone(self),
            number,
        })
    }

    pub(super) fn accept(&self) -> Accepting<'_> {
        self.now().accepting = true;
        Accepting(self)
    }

    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.now().live.len()
    }

    pub(super) fn is_accepting(&self) -> bool {
        self.now().accepting
    }

    /// Begins to stop the server: its handlers see the end of their streams, and have `grace` to
    /// finish.
    pub(super) fn stop(&self, grace: Duration) {
        let now = self.now();
        self.stop.get_or_init(|| (Instant::now(), grace));
        let streams: Vec<Stream> = now
            .live
            .values()
            .filter_map(|stream| stream.as_ref()?.upgrade())
            .collect();
        drop(now);
        streams.iter().for_each(Stream::end_input);
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.get().is_some()
    }

    /// Waits for `time`, or until the server is stopped.
    pub(super) fn pause(&self, time: Duration) {
        drop(self.wait(time, |_| !self.is_stopping()));
    }

    /// Waits until the accept loops have ended, at most for `time`.
    pub(super) fn wait_until_not_accepting(&self, time: Duration) {
        drop(self.wait(time, |now| now.accepting));
    }

    /// Waits until no request is being served or the grace is over, and returns how many are left.
    /// A handler that calls it does not wait for itself.
    pub(super) fn drain(&self) -> usize {
        let own = usize::from(HANDLING.get() == ptr::from_ref(self));
        let left = match self.stop.get() {
            Some((since, grace)) => grace.saturating_sub(since.elapsed()),
            None => Duration::ZERO,
        };
        self.wait(left, |now| now.live.len() > own).live.len() - own
    }

    fn wait(&self, time: Duration, condition: impl FnMut(&mut Now) -> bool) -> MutexGuard<'_, Now> {
        wait_timeout_while(&self.changed, self.now(), time, condition)
    }
}

impl Permit {
    /// Runs a handler, with its thread marked as one of this server's.
    pub(super) fn handling(&self, handle: impl FnOnce()) {
        HANDLING.set(Arc::as_ptr(&self.state));
        handle();
        HANDLING.set(ptr::null());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut now = self.state.now();
        now.live.remove(&self.number);
        if self.state.is_stopping() {
            self.state.changed.notify_all();
        }
    }
}

impl Drop for Accepting<'_> {
    fn drop(&mut self) {
        self.0.now().accepting = false;
        self.0.changed.notify_all();
    }
}
