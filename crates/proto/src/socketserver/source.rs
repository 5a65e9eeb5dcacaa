//! The trait of request sources.

use std::fmt::{self, Display};
use std::io;

use crate::escape::many;
use crate::net::Stream;

/// How a server waits for requests, gets them and refuses them. Servers differ only in this.
pub trait RequestSource: Send + Sync + 'static {
    /// What a handler serves, such as a [`Connection`](super::Connection).
    type Request: Send + 'static;

    /// The number of sockets. Each has an accept loop of its own.
    fn sockets(&self) -> usize {
        1
    }

    /// Waits for the next request at one of the sockets, counted from 0. For a listener this is
    /// `accept`.
    ///
    /// # Errors
    ///
    /// Those of the system call. The server goes on after every error.
    fn get_request(&self, socket: usize) -> io::Result<Self::Request>;

    /// Tells the sender why its request is not served, and returns the sender's address for a log.
    /// It must not block.
    fn refuse(&self, request: Self::Request, why: Refusal) -> String;

    /// A function that makes every blocked [`get_request`](Self::get_request) return. It must not
    /// keep the sockets open.
    fn waker(&self) -> Box<dyn Fn() + Send + Sync>;

    /// The stream of the request, if it has one. The server sets the timeouts on it, and ends its
    /// input when the server stops.
    fn stream(_request: &Self::Request) -> Option<&Stream> {
        None
    }
}

/// Why a request is not served. The sender gets its text in a line after `error: `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The limit on requests is reached.
    Busy {
        /// The number of requests being served.
        in_use: usize,
    },
    /// A thread could not be started.
    NoThread,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { in_use } => {
                let connections = many(*in_use, "connection", "connections");
                write!(f, "busy, {connections} in use")
            }
            Self::NoThread => f.write_str("server cannot start a thread"),
        }
    }
}
