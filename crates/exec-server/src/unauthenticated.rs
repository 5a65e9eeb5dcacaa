//! The limit on connections that are not authenticated yet.
//!
//! Every program that can connect can hold a connection for the time of a handshake. So
//! unauthenticated connections have a limit of their own: a flood of them does not disturb
//! authenticated connections. Each one over the limit holds its place among all connections only
//! while it is refused, for at most a second.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts unauthenticated connections.
pub struct Unauthenticated {
    max: usize,
    now: AtomicUsize,
}

impl Unauthenticated {
    /// At most `max` at once.
    pub const fn new(max: usize) -> Self {
        let now = AtomicUsize::new(0);
        Self { max, now }
    }

    /// Returns a permit, or the number in use if none is free.
    pub fn enter(&self) -> Result<Permit<'_>, usize> {
        let permit = Permit(self);
        let before = self.now.fetch_add(1, Ordering::Relaxed);
        if before < self.max {
            Ok(permit)
        } else {
            Err(before)
        }
    }
}

/// A permit, returned on drop.
pub struct Permit<'a>(&'a Unauthenticated);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_over_the_limit_is_refused_and_a_permit_is_returned() {
        let limit = Unauthenticated::new(1);
        let first = limit.enter().unwrap_or_else(|_| panic!());
        assert_eq!(limit.enter().err(), Some(1));
        assert_eq!(limit.enter().err(), Some(1));
        drop(first);
        assert!(limit.enter().is_ok());
    }
}
