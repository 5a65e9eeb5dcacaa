//! The pauses of a thread that polls what std cannot wait for.

use std::thread;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_millis(100);

/// The pauses of a thread that polls: none at first, and then each twice as long as the previous
/// one, up to 100 ms.
pub(super) struct Pauses {
    spin_end: Instant,
    next: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        let spin_end = Instant::now() + Duration::from_micros(200);
        let next = Duration::from_micros(50);
        Self { spin_end, next }
    }
}

impl Pauses {
    pub(super) fn pause(&mut self) {
        if Instant::now() < self.spin_end {
            thread::yield_now();
        } else {
            thread::sleep(self.next);
            self.next = LONGEST.min(self.next * 2);
        }
    }
}
