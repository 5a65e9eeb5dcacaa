//! The budget of connections that are not authenticated yet.
//!
//! Anyone who can connect can hold a connection for the length of a handshake. So these have a
//! small budget of their own: a crowd of them leaves those that are authenticated, and the places
//! for more of such, alone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Counts them.
pub struct Waiting {
    most: usize,
    now: Mutex<Now>,
    left: Condvar,
}

#[derive(Default)]
struct Now {
    greeting: usize,
    queued: usize,
}

impl Waiting {
    /// At most so many at once, and as many again that wait for a place.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            now: Mutex::default(),
            left: Condvar::new(),
        }
    }

    /// Takes a place, waiting for one up to `limit`; where there is none, says how many are in use.
    pub fn enter(&self, limit: Duration) -> Result<Place<'_>, usize> {
        let until = Instant::now() + limit;
        let mut now = self.now();
        if now.greeting >= self.most && now.queued >= self.most {
            return Err(now.greeting);
        }
        now.queued += 1;
        while now.greeting >= self.most {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                now.queued -= 1;
                return Err(now.greeting);
            }
            let waited = self.left.wait_timeout(now, left);
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        now.queued -= 1;
        now.greeting += 1;
        Ok(Place(self))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place, given back when it is dropped.
pub struct Place<'a>(&'a Waiting);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.now().greeting -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_waited_for_and_a_crowd_is_refused() {
        let waiting = Waiting::new(1);
        let first = waiting.enter(Duration::ZERO).unwrap_or_else(|_| panic!());
        assert_eq!(waiting.enter(Duration::from_millis(5)).err(), Some(1));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| waiting.enter(Duration::from_secs(10)).is_ok());
            while waiting.now().queued == 0 {
                std::thread::yield_now();
            }
            // One is queued: no more may.
            assert_eq!(waiting.enter(Duration::from_secs(10)).err(), Some(1));
            drop(first);
            assert!(second.join().unwrap());
        });
        assert_eq!(waiting.now().greeting, 0);
    }
}
