//! The server: one accept loop, and a thread for each request or none.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::datagrams::{Datagram, Datagrams};
use super::handler::RequestHandler;
use super::source::{Refusal, RequestSource};
use super::state::State;
use crate::pool::Pool;

/// The stack of a request's thread unless [`ThreadingServer::stack_size`] says otherwise: 64 KiB.
/// std's default of 2 MiB costs 4 KiB more of page tables for each thread; under 32 KiB a panic
/// overflows the stack, which ends the process.
pub const STACK_SIZE: usize = 64 * 1024;

/// How long the accept loop rests when the system has nothing left to accept with.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long after its time the accept loop is still waited for.
const LAST_CALL: Duration = Duration::from_secs(2);

type Watch = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// A server that gives each request a thread. Python: `ThreadingTCPServer`, `ThreadingUDPServer`.
///
/// What it is given for its requests decides how it may serve them:
/// [`serve_forever`](Self::serve_forever) makes a [`RequestHandler`] for each, in a thread;
/// [`serve_in_loop`](ThreadingServer::serve_in_loop) calls a function for each datagram, one after
/// the other.
///
/// See the [module](super) for an example.
pub struct ThreadingServer<S, F> {
    source: Arc<S>,
    handler: F,
    max_connections: usize,
    stack_size: usize,
    watch: Watch,
    state: Arc<State>,
}

impl<S: RequestSource, F> ThreadingServer<S, F> {
    /// A server for the requests of `source`, with what makes a handler for each.
    pub fn new(source: S, handler: F) -> Self {
        let state = State::default();
        state.set_accepting(true);
        Self {
            source: Arc::new(source),
            handler,
            max_connections: 10_000,
            stack_size: STACK_SIZE,
            watch: Box::new(|_| {}),
            state: Arc::new(state),
        }
    }

    /// How many requests are served at once (10 000 unless set); one more is refused in words.
    /// Keep it below [`thread_limit`](super::thread_limit).
    #[must_use]
    pub fn max_connections(mut self, most: usize) -> Self {
        self.max_connections = most;
        self
    }

    /// The stack of each request's thread in bytes; see [`STACK_SIZE`].
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// Is told what the server itself does: refusals and failures to accept.
    #[must_use]
    pub fn on_event(mut self, watch: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.watch = Box::new(watch);
        self
    }

    /// A handle that stops the server from another thread.
    pub fn stopper(&self) -> Stopper<S> {
        Stopper {
            source: Arc::downgrade(&self.source),
            state: Arc::clone(&self.state),
        }
    }
}

impl<S, F, H> ThreadingServer<S, F>
where
    S: RequestSource,
    F: Fn(S::Request) -> H + Send + Sync + 'static,
    H: RequestHandler,
{
    /// Accepts and serves until a [`Stopper`] stops it, then closes the listener and waits for the
    /// handlers; gives how many were still running when their grace was over.
    ///
    /// No error ends it: where `accept` fails it rests for 100 ms and tries again.
    pub fn serve_forever(self) -> usize {
        let Self {
            source,
            handler: make_handler,
            max_connections,
            stack_size,
            watch,
            state,
        } = self;
        let counted = Arc::clone(&state);
        let pool = Pool::new("connection", stack_size, move |request| {
            serve_one(&make_handler, request, &counted);
        });
        accept_loop(&*source, &state, &watch, || {
            let request = source.get_request()?;
            // It may be the connection that woke the loop, or one that came a moment late.
            if !state.is_stopping() {
                process(request, &*source, &pool, &state, max_connections, &watch);
            }
            Ok(())
        });
        // Only this closes the listener: from here on callers are refused by the system.
        state.exclusively(|| drop(source));
        state.set_accepting(false);
        state.drain()
    }
}

impl<F: FnMut(&mut Datagram)> ThreadingServer<Datagrams, F> {
    /// Answers every datagram in the calling thread, one after the other, until a [`Stopper`] stops
    /// it. Python: `UDPServer`, without the threads.
    ///
    /// An answer takes a few microseconds, and starting a thread for it several times that. One
    /// buffer serves them all: the handler finds each datagram where the one before was, and
    /// nothing is allocated or locked. A panic ends the one datagram alone; no error ends the loop.
    ///
    /// ```
    /// use std::time::Duration;
    /// use proto::net::{bind_udp, connect_udp};
    /// use proto::socketserver::{Datagram, Datagrams, ThreadingServer};
    ///
    /// let (socket, _) = bind_udp(&"127.0.0.1:0".parse()?)?;
    /// let client = connect_udp(socket.local_addr()?)?;
    /// let server = ThreadingServer::new(Datagrams::new(socket), |datagram: &mut Datagram| {
    ///     datagram.data_mut().make_ascii_uppercase();
    ///     let _ = datagram.reply(datagram.data());
    /// });
    /// let stopper = server.stopper();
    /// let serving = std::thread::spawn(move || server.serve_in_loop());
    ///
    /// client.send(b"hello")?;
    /// let mut reply = [0; 5];
    /// client.recv(&mut reply)?;
    /// assert_eq!(&reply, b"HELLO");
    ///
    /// stopper.shutdown(Duration::from_secs(5));
    /// # let _ = serving.join();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn serve_in_loop(self) {
        let Self {
            source,
            mut handler,
            watch,
            state,
            ..
        } = self;
        let mut datagram = source.blank();
        accept_loop(&*source, &state, &watch, || {
            source.receive(&mut datagram)?;
            if !state.is_stopping() {
                // The panic hook has told it.
                let _ = catch_unwind(AssertUnwindSafe(|| handler(&mut datagram)));
            }
            Ok(())
        });
        // Both hold the socket, which closes with them.
        state.exclusively(|| drop((datagram, source)));
        state.set_accepting(false);
    }
}

/// Calls `accept`, which gets a request and has it served, until the server is stopped. Every
/// server runs in this loop.
fn accept_loop<S: RequestSource>(
    source: &S,
    state: &State,
    watch: &Watch,
    mut accept: impl FnMut() -> io::Result<()>,
) {
    while !state.is_stopping() {
        match accept() {
            Ok(()) => {}
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                watch(&Event::AcceptFailed { error: &error });
                if let Some(request) = source.get_request_with_spare() {
                    let in_use = state.live();
                    refuse(request, Refusal::Busy { in_use }, source, watch);
                }
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

fn process<S: RequestSource>(
    request: S::Request,
    source: &S,
    pool: &Pool<S::Request>,
    state: &State,
    max_connections: usize,
    watch: &Watch,
) {
    if let Err(in_use) = state.enter(max_connections) {
        return refuse(request, Refusal::Busy { in_use }, source, watch);
    }
    if let Err((request, error)) = pool.run(request) {
        state.leave();
        watch(&Event::SpawnFailed { error: &error });
        refuse(request, Refusal::NoThread, source, watch);
    }
}

fn refuse<S: RequestSource>(request: S::Request, why: Refusal, source: &S, watch: &Watch) {
    let peer = S::peer(&request);
    watch(&Event::Refused { peer, why });
    source.refuse(request, why);
}

fn serve_one<R, H: RequestHandler>(make_handler: &impl Fn(R) -> H, request: R, state: &State) {
    // A panic has been told to the panic hook; here it only must not end the thread, which would
    // leave the request counted for ever.
    let made = catch_unwind(AssertUnwindSafe(|| make_handler(request)));
    if let Ok(mut handler) = made {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            handler.setup();
            handler.handle();
        }));
        let _ = catch_unwind(AssertUnwindSafe(|| handler.finish()));
        // Before the connection closes, so that whoever saw it close finds its place free.
        state.leave();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(handler)));
    } else {
        state.leave();
    }
}

/// Stops a [`ThreadingServer`].
pub struct Stopper<S> {
    source: Weak<S>,
    state: Arc<State>,
}

impl<S: RequestSource> Stopper<S> {
    /// Stops accepting, closes the listener, and waits up to `grace` for the handlers to finish;
    /// gives how many had not. Python: `shutdown()` and `server_close()`, which wait without limit.
    ///
    /// Where a Unix-domain socket cannot be woken from `accept` (somebody removed its file, or the
    /// system has no thread left to wake it with), this returns two seconds after the grace, and
    /// [`is_accepting`](Self::is_accepting) stays true.
    pub fn shutdown(&self, grace: Duration) -> usize {
        self.state.stop(grace);
        while self.state.is_accepting() {
            self.state.exclusively(|| {
                if let Some(source) = self.source.upgrade() {
                    // If it fails the loop may be busy accepting, and will see that it is to stop.
                    let _ = source.wake();
                }
            });
            self.state.wait_until_not_accepting(BACK_OFF);
            if self.state.is_overdue(LAST_CALL) {
                break;
            }
        }
        self.state.drain()
    }

    /// Whether the accept loop still runs.
    pub fn is_accepting(&self) -> bool {
        self.state.is_accepting()
    }
}

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
