//! The accept loop of all servers, and the events that it reports.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use super::source::{Refusal, RequestSource};
use super::state::State;

/// How long an accept loop pauses after an error such as `EMFILE` or `EAGAIN`.
const BACK_OFF: Duration = Duration::from_millis(100);

/// An event of the server itself, for a log.
#[derive(Debug)]
pub enum Event<'a> {
    /// A request was refused.
    Refused {
        /// The sender.
        peer: &'a str,
        /// The reason.
        why: Refusal,
    },
    /// No request could be accepted. The loop pauses and tries again, up to ten times a second.
    AcceptFailed {
        /// The system's error.
        error: &'a io::Error,
    },
    /// A thread could not be started.
    SpawnFailed {
        /// The system's error.
        error: &'a io::Error,
    },
}

/// The closure that is called for each event.
pub(super) struct Watch(Box<dyn Fn(&Event<'_>) + Send + Sync>);

impl Watch {
    pub(super) fn new(watch: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Box::new(watch))
    }

    /// Calls the closure. The panic hook reports a panic in it, and the server goes on.
    pub(super) fn tell(&self, event: &Event<'_>) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.0)(event)));
    }
}

/// Runs `accept_all`, an [`accept_loop`], in a thread for each socket of the source, and closes the
/// sockets when all have ended.
pub(super) fn serve_sockets<S: RequestSource>(
    source: S,
    state: &State,
    watch: &Watch,
    accept_all: impl Fn(&S, usize) + Sync,
) {
    let run = |socket| accept_all(&source, socket);
    thread::scope(|scope| {
        for socket in 1..source.sockets() {
            let start = || {
                let thread = thread::Builder::new().name("accept".into());
                thread.spawn_scoped(scope, move || run(socket))
            };
            // The address is announced, so no socket is left out; meanwhile its clients wait.
            while !state.is_stopping()
                && let Err(error) = start()
            {
                watch.tell(&Event::SpawnFailed { error: &error });
                thread::sleep(BACK_OFF);
            }
        }
        run(0);
    });
}

/// Calls `accept`, which gets one request and starts to serve it, until the server is stopped.
pub(super) fn accept_loop(
    state: &State,
    watch: &Watch,
    mut accept: impl FnMut() -> io::Result<()>,
) {
    while !state.is_stopping() {
        match accept() {
            Ok(()) => {}
            Err(_) if state.is_stopping() => {}
            Err(error) if is_transient(&error) => {}
            Err(error) => {
                watch.tell(&Event::AcceptFailed { error: &error });
                thread::sleep(BACK_OFF);
            }
        }
    }
}

/// Whether the next call may succeed: a peer left before `accept`, an ICMP message reported that an
/// earlier datagram was not delivered, or a signal interrupted the call.
fn is_transient(error: &io::Error) -> bool {
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
