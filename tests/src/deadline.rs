//! How long a wait may last.

use std::panic;
use std::thread;
use std::time::{Duration, Instant};

/// The limit for events that should happen at once. No passing test waits this long. It only limits
/// how long a failing test hangs, so it is long enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(8);

/// How long a test waits to see that nothing happens.
pub const A_MOMENT: Duration = Duration::from_millis(150);

/// A point in time after which a wait is given up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline `within` from now.
    pub fn after(within: Duration) -> Self {
        Self(Instant::now() + within)
    }

    /// The remaining time, never zero, because a socket timeout must not be zero. `None` once the
    /// deadline has passed.
    pub fn remaining(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// Calls `look` repeatedly until it returns something, for conditions that no system call waits
/// for. `None` if it returned nothing `within` that time.
pub fn poll<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    const PAUSE: Duration = Duration::from_millis(2);
    let deadline = Deadline::after(within);
    loop {
        // Looks once more after the time is up: on a busy machine much may have happened since the
        // last call.
        let over = deadline.remaining().is_none();
        if let Some(seen) = look() {
            return Some(seen);
        }
        if over {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

/// Runs what has no deadline of its own, such as a read from a pipe, on another thread, and fails
/// if it is not done [`SOON`].
///
/// # Panics
///
/// If `work` does, too.
#[track_caller]
pub fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::spawn(work);
    let ended = poll(SOON, || thread.is_finished().then_some(()));
    assert!(ended.is_some(), "not done within {SOON:?}");
    let result = thread.join();
    result.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
}
