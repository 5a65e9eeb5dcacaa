//! Limits how often a log repeats a kind of line.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// How many pairs of kind and address are tracked. Further addresses are counted together.
const MAX_KEYS: usize = 1024;

type Key = (&'static str, Option<IpAddr>);

/// Lets one line through per interval for each kind and peer address, and counts the suppressed
/// ones.
///
/// ```
/// use std::time::Duration;
/// use proto::cli::RateLimit;
///
/// let limit = RateLimit::new(Duration::from_secs(60));
/// let peer = Some([10, 0, 0, 1].into());
/// assert_eq!(limit.allow("authentication", peer), Some(String::new()));
/// assert_eq!(limit.allow("authentication", peer), None);
/// assert_eq!(limit.allow("protocol", peer), Some(String::new()));
/// ```
#[derive(Debug)]
pub struct RateLimit {
    every: Duration,
    lines: Mutex<HashMap<Key, (Instant, u64)>>,
}

impl RateLimit {
    /// At most one line per `every`, for each kind and address.
    pub fn new(every: Duration) -> Self {
        let lines = Mutex::default();
        Self { every, lines }
    }

    /// `Some` if a line of this kind may be written now. The line has to end with the text, which
    /// counts the lines that were suppressed since the last one, and is empty if there were none.
    /// With `from`, the address of the peer that caused the line, each address has a limit of its
    /// own.
    pub fn allow(&self, kind: &'static str, from: Option<IpAddr>) -> Option<String> {
        let mut lines = lock(&self.lines);
        let mut key = (kind, from);
        if lines.len() >= MAX_KEYS && !lines.contains_key(&key) {
            lines.retain(|_, (last, _)| last.elapsed() < self.every);
            if lines.len() >= MAX_KEYS {
                key.1 = None;
            }
        }
        let now = Instant::now();
        let Some((last, left_out)) = lines.get_mut(&key) else {
            lines.insert(key, (now, 0));
            return Some(String::new());
        };
        if last.elapsed() < self.every {
            *left_out += 1;
            return None;
        }
        *last = now;
        Some(match std::mem::take(left_out) {
            0 => String::new(),
            count => format!(" (and {count} like it since the last such line)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_memory_are_bounded() {
        let limit = RateLimit::new(Duration::from_secs(3600));
        let peer = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        let lines = (0..5000).filter(|&n| limit.allow("kind", peer(n)).is_some());
        assert_eq!(lines.count(), MAX_KEYS + 1);
        assert_eq!(lock(&limit.lines).len(), MAX_KEYS + 1);
    }

    #[test]
    fn an_interval_of_zero_suppresses_nothing() {
        let limit = RateLimit::new(Duration::ZERO);
        let allowed = [1, 2].map(|_| limit.allow("kind", None));
        assert_eq!(allowed, [Some(String::new()), Some(String::new())]);
    }

    #[test]
    fn suppressed_lines_are_counted() {
        let mut limit = RateLimit::new(Duration::from_secs(3600));
        let allowed = [1, 2, 3].map(|_| limit.allow("kind", None));
        assert_eq!(allowed, [Some(String::new()), None, None]);
        limit.every = Duration::ZERO;
        let next = limit.allow("kind", None);
        assert_eq!(
            next.as_deref(),
            Some(" (and 2 like it since the last such line)")
        );
    }
}
