//! The threading server: accept loops, and a thread for each request.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::accept::{Event, Watch, accept_loop, serve_sockets};
use super::capacity::free_descriptors;
use super::handler::RequestHandler;
use super::source::{Refusal, RequestSource};
use super::state::{Permit, State};
use crate::net::Stream;
use crate::pool::Pool;

/// The stack of a request's thread unless [`ThreadingServer::stack_size`] says otherwise: 64 KiB.
/// std's default of 2 MiB costs 4 KiB more of page tables for each thread; under 32 KiB a panic
/// overflows the stack, which ends the process.
pub const STACK_SIZE: usize = 64 * 1024;

/// A server that gives each request a thread. Python: `ThreadingTCPServer`, `ThreadingUDPServer`.
///
/// See the [module](super) for an example.
pub struct ThreadingServer<S, F> {
    source: S,
    make_handler: F,
    settings: Settings,
    watch: Watch,
    state: Arc<State>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    max_connections: usize,
    stack_size: usize,
    nodelay: bool,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Settings {
    fn apply(&self, stream: &Stream) -> io::Result<()> {
        if self.nodelay {
            stream.set_nodelay()?;
        }
        stream.set_read_timeout(self.read_timeout)?;
        stream.set_write_timeout(self.write_timeout)
    }
}

impl<S: RequestSource, F> ThreadingServer<S, F> {
    /// A server for the requests of `source`. It calls `make_handler` for each request.
    pub fn new(source: S, make_handler: F) -> Self {
        Self {
            source,
            make_handler,
            settings: Settings {
                max_connections: 10_000,
                stack_size: STACK_SIZE,
                nodelay: false,
                read_timeout: None,
                write_timeout: None,
            },
            watch: Watch::new(|_| {}),
            state: Arc::default(),
        }
    }

    /// How many requests are served at once (by default 10000); one more is refused with a reason.
    /// Set at most [`MAX_CONNECTIONS`](super::MAX_CONNECTIONS), and call
    /// [`fit_descriptors`](Self::fit_descriptors).
    #[must_use]
    pub fn max_connections(mut self, max: usize) -> Self {
        self.settings.max_connections = max;
        self
    }

    /// The stack of each request's thread in bytes; see [`STACK_SIZE`].
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = bytes;
        self
    }

    /// Sends every write to a client at once; see [`Stream::set_nodelay`].
    #[must_use]
    pub fn nodelay(mut self) -> Self {
        self.settings.nodelay = true;
        self
    }

    /// How long one read from a client may wait (by default for ever).
    #[must_use]
    pub fn read_timeout(mut self, limit: Option<Duration>) -> Self {
        self.settings.read_timeout = limit;
        self
    }

    /// How long one write to a client may wait (by default for ever).
    #[must_use]
    pub fn write_timeout(mut self, limit: Option<Duration>) -> Self {
        self.settings.write_timeout = limit;
        self
    }

    /// Calls `watch` for each event of the server itself: refusals and failures to accept.
    #[must_use]
    pub fn on_event(mut self, watch: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.watch = Watch::new(watch);
        self
    }

    /// Lowers the limit on requests to what the free descriptors allow if each request uses `each`
    /// of them. An eighth (at most 72) stays in reserve for refusals. Returns the new limit, if it
    /// is lower; it may be 0. Without this, a client over the limit on descriptors waits in the
    /// kernel's queue.
    pub fn fit_descriptors(&mut self, each: usize) -> Option<usize> {
        let (free, _reserve) = free_descriptors()?;
        let possible = free / each;
        if possible >= self.settings.max_connections {
            return None;
        }
        self.settings.max_connections = possible;
        Some(possible)
    }

    /// The source of its requests.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// A handle that stops the server from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper::new(&self.source, &self.state)
    }
}

impl<S, F, H> ThreadingServer<S, F>
where
    S: RequestSource,
    F: Fn(S::Request) -> H + Send + Sync + 'static,
    H: RequestHandler,
{
    /// Accepts and serves until a [`Stopper`] stops it, then closes the sockets and waits for the
    /// handlers. Returns how many were still running when their grace was over.
    ///
    /// No error ends it: if `accept` fails, it waits for 100 ms and tries again.
    pub fn serve_forever(self) -> usize {
        let Self {
            source,
            make_handler,
            settings,
            watch,
            state,
        } = self;
        let pool = Pool::new(
            "connection",
            settings.stack_size,
            move |(request, permit)| {
                serve_one::<S, H>(&make_handler, request, permit, settings);
            },
        );
        serve_sockets(source, &state, &watch, |source, socket| {
            accept_loop(&state, &watch, || {
                let request = source.get_request(socket)?;
                process(request, source, &pool, &state, &settings, &watch);
                Ok(())
            });
        });
        state.drain()
    }
}

fn process<S: RequestSource>(
    request: S::Request,
    source: &S,
    pool: &Pool<(S::Request, Permit)>,
    state: &Arc<State>,
    settings: &Settings,
    watch: &Watch,
) {
    let refuse = |request, why| {
        let peer = &source.refuse(request, why);
        watch.tell(&Event::Refused { peer, why });
    };
    let permit = match state.enter(settings.max_connections, S::stream(&request)) {
        Ok(permit) => permit,
        Err(Some(why)) => return refuse(request, why),
        // It is the connection that woke the loop, or one that came too late.
        Err(None) => return,
    };
    if let Err(((request, permit), error)) = pool.run((request, permit)) {
        drop(permit);
        watch.tell(&Event::SpawnFailed { error: &error });
        refuse(request, Refusal::NoThread);
    }
}

/// Runs one handler. It catches panics, which the panic hook has reported, so that `finish` always
/// runs.
fn serve_one<S: RequestSource, H: RequestHandler>(
    make_handler: &impl Fn(S::Request) -> H,
    request: S::Request,
    permit: Permit,
    settings: Settings,
) {
    if let Some(stream) = S::stream(&request) {
        // If it fails, the connection is gone, and the handler's first read fails, too.
        let _ = settings.apply(stream);
    }
    let mut handler = make_handler(request);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        handler.setup();
        handler.handle();
    }));
    let _ = catch_unwind(AssertUnwindSafe(|| handler.finish()));
    // Freed before the connection closes, so that a client that sees it close can connect again.
    drop(permit);
    drop(handler);
}

impl<S: fmt::Debug, F> fmt::Debug for ThreadingServer<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadingServer")
            .field("source", &self.source)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Stops a server.
pub struct Stopper {
    wake: Box<dyn Fn() + Send + Sync>,
    pub(super) state: Arc<State>,
}

impl Stopper {
    pub(super) fn new(source: &impl RequestSource, state: &Arc<State>) -> Self {
        Self {
            wake: source.waker(),
            state: Arc::clone(state),
        }
    }

    /// Makes the server stop accepting, close its sockets and end the handlers' input. They have
    /// `grace` to finish; then its `serve_forever` returns. This does not wait, so a handler may
    /// call it. Python: `shutdown()` and `server_close()`, which wait without limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use proto::net::Listener;
    /// use proto::socketserver::{Connection, Connections, RequestHandler, ThreadingServer};
    ///
    /// struct Silent(Connection);
    /// impl RequestHandler for Silent {
    ///     fn handle(&mut self) {}
    /// }
    /// let listener = Listener::bind(&"127.0.0.1:0".parse()?)?;
    /// let server = ThreadingServer::new(Connections::new(listener)?, Silent);
    /// let stopper = server.stopper();
    /// let serving = std::thread::spawn(move || server.serve_forever());
    /// stopper.shutdown(Duration::from_secs(5));
    /// assert_eq!(serving.join().ok(), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, grace: Duration) {
        self.state.stop(grace);
        (self.wake)();
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
