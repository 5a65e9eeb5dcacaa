//! Limits the log lines that peers can cause.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::net::Peer;
use crate::sync::lock;

/// How many pairs of kind and address are tracked. Further addresses are counted together.
const MAX_KEYS: usize = 1024;

type Key = (&'static str, Option<IpAddr>);

/// Lets one line through per interval for each kind and peer address, and counts the suppressed
/// ones. All peers of a Unix-domain socket count as one.
///
/// ```
/// use std::time::Duration;
/// use proto::cli::PeerLimit;
/// use proto::net::Peer;
///
/// let limit = PeerLimit::new(Duration::from_secs(60));
/// let [first, second] = [1000, 2000].map(|port| Peer::Address(([10, 0, 0, 1], port).into()));
/// assert_eq!(limit.allow("authentication", first), Some(0));
/// assert_eq!(limit.allow("authentication", second), None);
/// assert_eq!(limit.allow("protocol", second), Some(0));
/// ```
#[derive(Debug)]
pub struct PeerLimit {
    every: Duration,
    lines: Mutex<HashMap<Key, (Instant, u64)>>,
}

impl PeerLimit {
    /// At most one line per `every`, for each kind and address.
    pub fn new(every: Duration) -> Self {
        let lines = Mutex::default();
        Self { every, lines }
    }

    /// `Some` if a line may be written now, with the number of such lines suppressed since the last
    /// one.
    pub fn allow(&self, kind: &'static str, peer: Peer) -> Option<u64> {
        let mut lines = lock(&self.lines);
        let address = match peer {
            Peer::Address(address) => Some(address.ip()),
            Peer::Unix(_) => None,
        };
        let mut key = (kind, address);
        if lines.len() >= MAX_KEYS && !lines.contains_key(&key) {
            lines.retain(|_, (last, _)| last.elapsed() < self.every);
            if lines.len() >= MAX_KEYS {
                key.1 = None;
            }
        }
        let now = Instant::now();
        let Some((last, left_out)) = lines.get_mut(&key) else {
            lines.insert(key, (now, 0));
            return Some(0);
        };
        if last.elapsed() < self.every {
            *left_out += 1;
            return None;
        }
        *last = now;
        Some(std::mem::take(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_memory_are_bounded() {
        let limit = PeerLimit::new(Duration::from_secs(3600));
        let peer = |n: u32| Peer::Address((IpAddr::from(n.to_be_bytes()), 1).into());
        let lines = (0..5000).filter(|&n| limit.allow("kind", peer(n)).is_some());
        assert_eq!(lines.count(), MAX_KEYS + 1);
        assert_eq!(lock(&limit.lines).len(), MAX_KEYS + 1);
    }

    #[test]
    fn an_interval_of_zero_suppresses_nothing() {
        let limit = PeerLimit::new(Duration::ZERO);
        let allowed = [1, 2].map(|n| limit.allow("kind", Peer::Unix(n)));
        assert_eq!(allowed, [Some(0), Some(0)]);
    }
}
