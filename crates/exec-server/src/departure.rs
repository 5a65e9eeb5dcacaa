//! Clients of the lesson's protocols that leave while their command runs.
//!
//! The connection's own thread is busy with the command and reads nothing, so it does not notice a
//! reset. One thread looks at all such connections ten times a second. Only a reset counts: the
//! mere end of what a client sends says "no more commands", and its output is still wanted.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use proto::net::Stream;
use proto::socketserver::STACK_SIZE;

use crate::engine::Canceller;

const TICK: Duration = Duration::from_millis(100);

/// The thread, and whom it looks after.
pub struct Departures(Arc<Shared>);

#[derive(Default)]
struct Shared {
    watched: Mutex<Watched>,
    some: Condvar,
}

#[derive(Default)]
struct Watched {
    next: u64,
    running: Vec<(u64, Arc<Stream>, Canceller)>,
}

impl Departures {
    /// Starts the thread. It lives as long as the server.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        thread::Builder::new()
            .name("departures".into())
            .stack_size(STACK_SIZE)
            .spawn(move || look_after(&shared))?;
        Ok(Self(ours))
    }

    /// Cancels the command when the connection is reset, until the guard is dropped.
    pub fn watch(&self, stream: &Arc<Stream>, canceller: Canceller) -> Watch<'_> {
        let mut watched = self.0.watched();
        watched.next += 1;
        let number = watched.next;
        watched
            .running
            .push((number, Arc::clone(stream), canceller));
        if watched.running.len() == 1 {
            self.0.some.notify_one();
        }
        Watch {
            shared: &self.0,
            number,
        }
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look_after(shared: &Shared) {
    let mut watched = shared.watched();
    loop {
        while watched.running.is_empty() {
            watched = shared
                .some
                .wait(watched)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(watched);
        thread::sleep(TICK);
        watched = shared.watched();
        for (_, stream, canceller) in &watched.running {
            if !matches!(stream.take_error(), Ok(None)) {
                canceller.cancel();
            }
        }
    }
}

/// Ends the watch when it is dropped.
pub struct Watch<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut watched = self.shared.watched();
        watched
            .running
            .retain(|(number, ..)| *number != self.number);
    }
}
