//! A command's input, written by a thread of its own.
//!
//! A command need not read its input, and then writing to it waits. The thread that reads the
//! connection must not wait so: it could not see the client leave.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use proto::socketserver::STACK_SIZE;

use crate::engine::Input;

/// Takes a command's input, a piece at a time. Dropping it ends the input behind the last piece.
pub struct Feeder(Arc<Shared>);

#[derive(Default)]
struct Shared {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Default)]
struct Next {
    /// Waits while the piece before it is written.
    piece: Option<Vec<u8>>,
    ended: bool,
}

impl Feeder {
    /// Starts the thread. It ends with the input, or when the command is over.
    pub fn start(mut input: Input) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("stdin".into())
            .stack_size(STACK_SIZE)
            .spawn(move || {
                while let Some(piece) = theirs.take() {
                    // What cannot be written, the command does not want.
                    let _ = input.write_all(&piece);
                }
            })?;
        Ok(Self(shared))
    }

    /// Hands over a piece. False where the command has not read enough of the ones before it
    /// `within` that time.
    pub fn offer(&self, bytes: &[u8], within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut next = self.0.next();
        while next.piece.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.changed.wait_timeout(next, left);
            next = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if !bytes.is_empty() {
            next.piece = Some(bytes.to_vec());
            self.0.changed.notify_all();
        }
        true
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.0.next().ended = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece, when there is one; `None` at the end.
    fn take(&self) -> Option<Vec<u8>> {
        let mut next = self.next();
        loop {
            if let Some(piece) = next.piece.take() {
                self.changed.notify_all();
                return Some(piece);
            }
            if next.ended {
                return None;
            }
            let woken = self.changed.wait(next);
            next = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
