//! The limit on connections that are not authenticated yet.
//!
//! Anyone who can connect can hold a connection for the length of a handshake. So these have a
//! limit of their own: a flood of them leaves alone the connections that are authenticated, and the
//! room for more of those.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts them.
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

    /// A permit, or how many are in use where there is none.
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

/// Given back when it is dropped.
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
    fn one_over_the_limit_is_refused_and_a_permit_comes_back() {
        let limit = Unauthenticated::new(1);
        let first = limit.enter().unwrap_or_else(|_| panic!());
        assert_eq!(limit.enter().err(), Some(1));
        assert_eq!(limit.enter().err(), Some(1));
        drop(first);
        assert!(limit.enter().is_ok());
    }
}
