//! The pauses of a thread that polls what std cannot wait for.

use std::time::{Duration, Instant};

/// How long a thread that has polled since then may sleep: an eighth of that time, at most 100 ms.
/// So it is late by at most an eighth, and a command that reads steadily does not find its input
/// empty.
pub(super) fn pause(since: Instant) -> Duration {
    (since.elapsed() / 8).clamp(Duration::from_micros(20), Duration::from_millis(100))
}
