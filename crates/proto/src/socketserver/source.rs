//! Where requests come from.

use std::fmt::{self, Display};
use std::io;

/// The one thing in which servers differ: how the next request is got, refused and waited for.
pub trait RequestSource: Send + Sync + 'static {
    /// What a handler is made for: a [`Connection`](super::Connection), say.
    type Request: Send + 'static;

    /// Waits for the next request. For a listener this is `accept`.
    ///
    /// # Errors
    ///
    /// Whatever the system says. The server goes on after every error.
    fn get_request(&self) -> io::Result<Self::Request>;

    /// Gets a request although the system has no descriptor left for one, so that its sender can
    /// be told; `None` where that cannot be done, or none is waiting. It waits for nothing itself:
    /// by the time that one came there might be descriptors again.
    fn get_request_with_spare(&self) -> Option<Self::Request> {
        None
    }

    /// Tells the sender why its request is not served, without making the server wait.
    fn refuse(&self, request: Self::Request, why: Refusal);

    /// Makes a blocked [`get_request`](Self::get_request) return.
    ///
    /// # Errors
    ///
    /// Where it could not be reached; the server tries again.
    fn wake(&self) -> io::Result<()>;

    /// Who sent the request, for a log.
    fn peer(request: &Self::Request) -> &dyn Display;
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
