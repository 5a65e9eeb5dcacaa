//! The state of a server: the live requests, and whether it is stopping.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::source::Refusal;
use crate::net::{Stream, WeakStream};
use crate::sync::{lock, wait_timeout_while};

/// Shared by the accept loops, the handlers' threads and the stopping thread.
#[derive(Debug, Default)]
pub(super) struct State {
    live: Mutex<Live>,
    /// Notified when a request has ended after the stop.
    ended: Condvar,
    /// When the stop began, and its grace. It is set under the lock of `live`. The loops check it
    /// for every request, so reading it needs no lock.
    stop: OnceLock<(Instant, Duration)>,
}

/// The requests being served, by number, each with its stream if it has one.
#[derive(Debug, Default)]
struct Live {
    requests: HashMap<u64, Option<WeakStream>>,
    last: u64,
}

/// Counts one request being served, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    state: Arc<State>,
    number: u64,
}

impl State {
    /// Counts one more request. It is refused if there are `max` already, and dropped without a
    /// reason if the server is stopping.
    pub(super) fn enter(
        self: &Arc<Self>,
        max: usize,
        stream: Option<&Stream>,
    ) -> Result<Permit, Option<Refusal>> {
        let mut live = lock(&self.live);
        if self.is_stopping() {
            return Err(None);
        }
        let in_use = live.requests.len();
        if in_use >= max {
            return Err(Some(Refusal::Busy { in_use }));
        }
        live.last += 1;
        let number = live.last;
        live.requests.insert(number, stream.map(Stream::downgrade));
        Ok(Permit {
            state: Arc::clone(self),
            number,
        })
    }

    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        lock(&self.live).requests.len()
    }

    /// Begins to stop the server: its handlers see the end of their streams, and have `grace` to
    /// finish.
    pub(super) fn stop(&self, grace: Duration) {
        let live = lock(&self.live);
        self.stop.get_or_init(|| (Instant::now(), grace));
        let weak = live.requests.values().flatten();
        for stream in weak.filter_map(WeakStream::upgrade) {
            stream.end_input();
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.get().is_some()
    }

    /// Waits until no request is being served or the grace is over, and returns how many are left.
    pub(super) fn drain(&self) -> usize {
        let left = match self.stop.get() {
            Some((since, grace)) => grace.saturating_sub(since.elapsed()),
            None => Duration::ZERO,
        };
        let is_serving = |live: &mut Live| !live.requests.is_empty();
        wait_timeout_while(&self.ended, lock(&self.live), left, is_serving)
            .requests
            .len()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        lock(&self.state.live).requests.remove(&self.number);
        if self.state.is_stopping() {
            self.state.ended.notify_all();
        }
    }
}
