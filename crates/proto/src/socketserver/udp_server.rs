//! The server that answers datagrams in its receive loop.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::accept::{Event, Watch, accept_loop, serve_sockets};
use super::datagrams::{Datagram, Datagrams};
use super::server::Stopper;
use super::state::State;

/// A server that answers every datagram in the thread that received it, one after the other.
/// Python: `UDPServer`.
///
/// An answer takes a few microseconds; starting a thread for it would take several times as long.
/// All datagrams are received into one buffer, and nothing is allocated or locked. A panic ends
/// only the datagram that caused it, and no error ends the loop.
///
/// ```
/// use std::time::Duration;
/// use proto::net::{bind_udp, connect_udp};
/// use proto::socketserver::{Datagram, Datagrams, UdpServer};
///
/// let (socket, _) = bind_udp(&"127.0.0.1:0".parse()?)?;
/// let client = connect_udp(socket.local_addr()?)?;
/// let server = UdpServer::new(Datagrams::new(socket), |datagram: &mut Datagram| {
///     datagram.data_mut().make_ascii_uppercase();
///     let _ = datagram.reply(datagram.data());
/// });
/// let stopper = server.stopper();
/// let serving = std::thread::spawn(move || server.serve_forever());
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
pub struct UdpServer<F> {
    source: Datagrams,
    handle: F,
    watch: Watch,
    state: Arc<State>,
}

impl<F: Fn(&mut Datagram) + Sync> UdpServer<F> {
    /// A server that calls `handle` for each datagram. If the source has several sockets, each has
    /// a thread of its own.
    pub fn new(source: Datagrams, handle: F) -> Self {
        Self {
            source,
            handle,
            watch: Watch::new(|_| {}),
            state: Arc::default(),
        }
    }

    /// Calls `watch` for each event of the server itself: failures to receive.
    #[must_use]
    pub fn on_event(mut self, watch: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.watch = Watch::new(watch);
        self
    }

    /// A handle that stops the server from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper::new(&self.source, &self.state)
    }

    /// Answers datagrams until a [`Stopper`] stops it, then closes the sockets.
    pub fn serve_forever(self) {
        let Self {
            source,
            handle,
            watch,
            state,
        } = self;
        serve_sockets(source, &state, &watch, |source, socket| {
            let mut datagram = source.blank(socket);
            accept_loop(&state, &watch, || {
                // `receive` returns false for the datagram that wakes the loop.
                if source.receive(&mut datagram)? && !state.is_stopping() {
                    // The panic hook has reported it.
                    let _ = catch_unwind(AssertUnwindSafe(|| handle(&mut datagram)));
                }
                Ok(())
            });
        });
    }
}

impl<F> fmt::Debug for UdpServer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpServer")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
