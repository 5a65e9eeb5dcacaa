//! How long a wait may last.

use std::thread;
use std::time::{Duration, Instant};

/// The bound for whatever should happen at once. No passing test waits this long: it only bounds
/// how long a failing one hangs, so it is generous enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(8);

/// How long a test looks on to see that nothing happens.
pub const A_MOMENT: Duration = Duration::from_millis(150);

/// A point in time after which a wait is given up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that lies `within` from now.
    pub fn after(within: Duration) -> Self {
        Self(Instant::now() + within)
    }

    /// The time that is left; never zero, which a socket's timeout may not be. `None` once the
    /// deadline has passed.
    pub fn remaining(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// Looks again and again until there is something to see, for what the system cannot wait for.
/// `None` if there was nothing `within` that time.
pub fn poll<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    const PAUSE: Duration = Duration::from_millis(2);
    let deadline = Deadline::after(within);
    loop {
        // One look even when the time is up: on a busy machine much may have happened since the last.
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
