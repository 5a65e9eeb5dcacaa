//! Locks that ignore poisoning.
//!
//! std poisons a lock whose holder panics. Here a handler's panic ends one connection and not the
//! server, so the other threads go on using the lock. Keep the guarded data consistent between
//! statements that may panic.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Locks a mutex, even a poisoned one. Python: `lock.acquire()`; Python's locks are never poisoned.
///
/// ```
/// use std::sync::Mutex;
/// use proto::sync::lock;
///
/// let count = Mutex::new(1);
/// *lock(&count) += 1;
/// assert_eq!(*lock(&count), 2);
/// ```
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits while `condition` holds. Python: `condition.wait_for`, with the opposite predicate.
pub fn wait_while<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    changed
        .wait_while(guard, condition)
        .unwrap_or_else(PoisonError::into_inner)
}

/// Waits while `condition` holds, for at most `time`.
///
/// ```
/// use std::sync::{Condvar, Mutex};
/// use std::time::Duration;
/// use proto::sync::{lock, wait_timeout_while};
///
/// let (ready, changed) = (Mutex::new(false), Condvar::new());
/// let ready = wait_timeout_while(&changed, lock(&ready), Duration::from_millis(1), |ready| !*ready);
/// assert!(!*ready);
/// ```
pub fn wait_timeout_while<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
    condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    changed
        .wait_timeout_while(guard, time, condition)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}
