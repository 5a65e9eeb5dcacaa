//! Accepted connections as requests.

use std::io;

use super::refused::RefusedStreams;
use super::source::{Refusal, RequestSource};
use crate::net::{Endpoint, Listener, Peer, Stream};

/// One accepted connection. Python: `self.request` and `self.client_address` of a handler.
#[derive(Debug)]
pub struct Connection {
    /// The connected stream; dropping it closes the connection.
    pub stream: Stream,
    /// The client's address.
    pub peer: Peer,
}

/// The connections that one or more listeners accept.
#[derive(Debug)]
pub struct Connections {
    listeners: Vec<Listener>,
    refused: RefusedStreams,
}

impl Connections {
    /// Takes a listener that is bound already, so that the caller can use port 0 and read the real
    /// port.
    ///
    /// # Errors
    ///
    /// If the thread that closes refused connections cannot be started.
    pub fn new(listener: Listener) -> io::Result<Self> {
        Self::all(vec![listener])
    }

    /// The connections of several listeners; see [`Listener::bind_all`].
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn all(listeners: Vec<Listener>) -> io::Result<Self> {
        Ok(Self {
            listeners,
            refused: RefusedStreams::start()?,
        })
    }

    /// Where the listeners listen. Python: `server.server_address`.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().map(Listener::endpoint)
    }
}

impl RequestSource for Connections {
    type Request = Connection;

    fn sockets(&self) -> usize {
        self.listeners.len()
    }

    fn get_request(&self, socket: usize) -> io::Result<Connection> {
        let (stream, peer) = self.listeners[socket].accept()?;
        Ok(Connection { stream, peer })
    }

    fn refuse(&self, request: Connection, why: Refusal) -> String {
        self.refused.refuse(request.stream, &why);
        request.peer.to_string()
    }

    fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let wakers: Vec<_> = self.listeners.iter().map(Listener::waker).collect();
        Box::new(move || wakers.iter().for_each(|wake| wake()))
    }

    fn stream(request: &Connection) -> Option<&Stream> {
        Some(&request.stream)
    }
}
