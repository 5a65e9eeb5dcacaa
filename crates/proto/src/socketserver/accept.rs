//! The accept loop, in which every server runs, and what it reports.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use super::source::{Refusal, RequestSource};
use super::state::State;

/// How long an accept loop rests when the system has nothing left to accept with.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Something that the server itself did, for a log.
pub enum Event<'a> {
    /// A request was refused.
    Refused {
        /// Whose.
        peer: &'a dyn Display,
        /// Why.
        why: Refusal,
    },
    /// No request could be got; the loop rests and tries again. It can come ten times a second.
    AcceptFailed {
        /// What the system said.
        error: &'a io::Error,
    },
    /// The system would not start a thread.
    SpawnFailed {
        /// What the system said.
        error: &'a io::Error,
    },
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { peer, why } => write!(f, "Refused({peer}, {why})"),
            Self::AcceptFailed { error } => write!(f, "AcceptFailed({error})"),
            Self::SpawnFailed { error } => write!(f, "SpawnFailed({error})"),
        }
    }
}

/// What is called for each event.
pub(super) struct Watch(Box<dyn Fn(&Event<'_>) + Send + Sync>);

impl Watch {
    pub(super) fn new(watch: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Box::new(watch))
    }

    /// A panic in the closure is reported by the panic hook; it does not end the server.
    pub(super) fn tell(&self, event: &Event<'_>) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.0)(event)));
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

/// Runs `accept_all`, an [`accept_loop`], for each socket of the source, side by side; closes the
/// sockets when all have ended.
pub(super) fn serve_sockets<S: RequestSource>(
    source: S,
    state: &State,
    watch: &Watch,
    accept_all: impl Fn(&S, usize) + Sync,
) {
    let accepting = state.accept();
    let run = |socket| accept_all(&source, socket);
    thread::scope(|scope| {
        for socket in 1..source.sockets() {
            let started = thread::Builder::new()
                .name("accept".into())
                .spawn_scoped(scope, move || run(socket));
            if let Err(error) = started {
                watch.tell(&Event::SpawnFailed { error: &error });
            }
        }
        run(0);
    });
    drop(source);
    drop(accepting);
}

/// Calls `accept`, which gets a request and has it served, until the server is stopped.
pub(super) fn accept_loop(
    state: &State,
    watch: &Watch,
    mut accept: impl FnMut() -> io::Result<()>,
) {
    while !state.is_stopping() {
        match accept() {
            Ok(()) => {}
            Err(_) if state.is_stopping() => {}
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                watch.tell(&Event::AcceptFailed { error: &error });
                state.pause(BACK_OFF);
            }
        }
    }
}

/// A peer that left while it was waiting, or before it had its datagram (the system tells that to
/// a later call); or a signal. The next call may well succeed.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::Interrupted
            | ErrorKind::WouldBlock
            | ErrorKind::TimedOut
    )
}
