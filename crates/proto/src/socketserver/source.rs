//! Where requests come from.

use std::fmt::{self, Display};
use std::io;

use crate::net::Stream;

/// The one thing in which servers differ: how the next request is got, refused and waited for.
pub trait RequestSource: Send + Sync + 'static {
    /// What a handler is made for: a [`Connection`](super::Connection), say.
    type Request: Send + 'static;

    /// At how many sockets requests come in. Each has an accept loop of its own.
    fn sockets(&self) -> usize {
        1
    }

    /// Waits for the next request at one of the sockets, counted from 0. For a listener this is
    /// `accept`.
    ///
    /// # Errors
    ///
    /// Whatever the system says. The server goes on after every error.
    fn get_request(&self, socket: usize) -> io::Result<Self::Request>;

    /// Tells the sender why its request is not served, without making the server wait.
    fn refuse(&self, request: Self::Request, why: Refusal);

    /// What makes every blocked [`get_request`](Self::get_request) return. It must not keep the
    /// sockets open.
    fn waker(&self) -> Box<dyn Fn() + Send + Sync>;

    /// Who sent the request, for a log.
    fn peer(request: &Self::Request) -> &dyn Display;

    /// The stream of a request that has one: the server applies its timeouts to it, and ends what is
    /// read from it when it stops.
    fn stream(_request: &Self::Request) -> Option<&Stream> {
        None
    }
}

/// Why a request is not served. Its text, one line with `error: ` before it, goes to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many requests are being served as the server may serve at once.
    Busy {
        /// How many.
        in_use: usize,
    },
    /// The system would not give a thread.
    NoThread,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { in_use } => write!(f, "busy, {in_use} connections in use"),
            Self::NoThread => f.write_str("server cannot start a thread"),
        }
    }
}
