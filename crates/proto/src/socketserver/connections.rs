//! Accepted connections as requests.

use std::fmt::Display;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::{Mutex, MutexGuard};

use super::refused::RefusedStreams;
use super::source::{Refusal, RequestSource};
use crate::net::{Listener, Peer, Stream};
use crate::sync::lock;

/// One accepted connection. Python: `self.request` and `self.client_address` of a handler.
#[derive(Debug)]
pub struct Connection {
    /// The connected stream; dropping it closes the connection.
    pub stream: Stream,
    /// Who is at the other end.
    pub peer: Peer,
}

/// The connections that come in at a listener.
#[derive(Debug)]
pub struct Connections {
    listener: Listener,
    refused: RefusedStreams,
    /// A descriptor that can be given up when there is no other, so that a caller can be accepted
    /// and told instead of being left in a queue. Nobody waits for anything while it is locked: who
    /// wakes needs it.
    spare: Mutex<Option<UnixDatagram>>,
}

impl Connections {
    /// Takes an already bound listener, so that whoever binds it can choose port 0 and ask for the
    /// real one.
    ///
    /// # Errors
    ///
    /// Where the system has no thread or descriptor left even now.
    pub fn new(listener: Listener) -> io::Result<Self> {
        Ok(Self {
            listener,
            refused: RefusedStreams::start()?,
            spare: Mutex::new(Some(spare_descriptor()?)),
        })
    }

    fn spare(&self) -> MutexGuard<'_, Option<UnixDatagram>> {
        lock(&self.spare)
    }
}

/// A socket that is of no use: unlike a file it is there without a file system, too.
fn spare_descriptor() -> io::Result<UnixDatagram> {
    UnixDatagram::unbound()
}

impl RequestSource for Connections {
    type Request = Connection;

    fn get_request(&self) -> io::Result<Connection> {
        // Given up to tell a caller, and still that caller's: then there is no room for this one.
        let mut spare = self.spare();
        if spare.is_none() {
            *spare = Some(spare_descriptor()?);
        }
        drop(spare);
        let (stream, peer) = self.listener.accept()?;
        Ok(Connection { stream, peer })
    }

    fn get_request_with_spare(&self) -> Option<Connection> {
        let mut spare = self.spare();
        spare.take()?;
        if let Ok((stream, peer)) = self.listener.accept_waiting() {
            return Some(Connection { stream, peer });
        }
        // Without a descriptor `accept` fails although nobody calls, too.
        *spare = spare_descriptor().ok();
        None
    }

    fn refuse(&self, request: Connection, why: Refusal) {
        self.refused.refuse(request.stream, &why);
    }

    fn wake(&self) -> io::Result<()> {
        // The connection that wakes needs a descriptor, too, and there may be no other left.
        self.spare().take();
        self.listener.wake()
    }

    fn peer(request: &Connection) -> &dyn Display {
        &request.peer
    }
}
