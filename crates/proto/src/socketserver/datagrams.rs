//! Datagrams as requests.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};

use super::source::{Refusal, RequestSource};
use crate::net::{connect_udp, wake_udp};

/// Room for more than any datagram has, so that none is cut without our knowing: a datagram longer
/// than the buffer is cut by the system, and std does not tell.
const ROOM: usize = 65_536;

/// One datagram and a way to answer it. Python: `self.request`, which is the data and the socket,
/// and `self.client_address`.
#[derive(Debug)]
pub struct Datagram {
    /// Who sent it, or claims to: the address of a datagram can be forged.
    pub peer: SocketAddr,
    /// How many bytes at its end were cut off; see [`Datagrams::max_packet_size`].
    pub lost: usize,
    buffer: Vec<u8>,
    len: usize,
    socket: Arc<UdpSocket>,
}

impl Datagram {
    /// Its bytes. There may be none: an empty datagram is a message, too.
    pub fn data(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Its bytes, to be made into the answer in their own place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.len]
    }

    /// Sends a datagram back to where this one came from. Python:
    /// `self.request[1].sendto(data, self.client_address)`.
    ///
    /// That it was sent does not mean that it arrives.
    ///
    /// # Errors
    ///
    /// Those of `sendto`: more than [`MAX_DATAGRAM`](crate::net::MAX_DATAGRAM) bytes, for one.
    pub fn reply(&self, data: &[u8]) -> io::Result<()> {
        self.socket.send_to(data, self.peer).map(drop)
    }
}

/// The datagrams that come in at a socket.
///
/// The system keeps those that wait (208 KiB of them on Linux, unless `net.core.rmem_default` says
/// otherwise; std cannot ask for more) and drops the rest without a word.
///
/// ```
/// use proto::net::{bind_udp, connect_udp};
/// use proto::socketserver::{Datagram, Datagrams, RequestHandler, ThreadingServer};
///
/// struct Upper(Datagram);
///
/// impl RequestHandler for Upper {
///     fn handle(&mut self) {
///         // Who sent it may have gone; a datagram promises nothing.
///         let _ = self.0.reply(&self.0.data().to_ascii_uppercase());
///     }
/// }
///
/// let (socket, _) = bind_udp(&"127.0.0.1:0".parse()?)?;
/// let client = connect_udp(socket.local_addr()?)?;
/// let server = ThreadingServer::new(Datagrams::new(socket), Upper);
/// std::thread::spawn(move || server.serve_forever());
///
/// client.send(b"hello")?;
/// let mut reply = [0; 5];
/// client.recv(&mut reply)?;
/// assert_eq!(&reply, b"HELLO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Datagrams {
    sockets: Vec<Arc<UdpSocket>>,
    max_packet_size: usize,
}

impl Datagrams {
    /// Takes an already bound socket, so that its owner can choose port 0 and ask for the real one.
    pub fn new(socket: UdpSocket) -> Self {
        Self::all(vec![socket])
    }

    /// The datagrams of several sockets; see [`bind_udp_all`](crate::net::bind_udp_all).
    pub fn all(sockets: Vec<UdpSocket>) -> Self {
        Self {
            sockets: sockets.into_iter().map(Arc::new).collect(),
            max_packet_size: ROOM,
        }
    }

    /// Keeps only so many bytes of each datagram, and counts in [`Datagram::lost`] what it cuts.
    /// Python: `max_packet_size`, which is 8192 and cuts without a word. Unless set, every
    /// datagram is whole.
    #[must_use]
    pub fn max_packet_size(mut self, bytes: usize) -> Self {
        self.max_packet_size = bytes.min(ROOM);
        self
    }

    /// A datagram to be received into, again and again.
    pub(super) fn blank(&self, socket: usize) -> Datagram {
        Datagram {
            peer: ([0, 0, 0, 0], 0).into(),
            lost: 0,
            buffer: vec![0; ROOM],
            len: 0,
            socket: Arc::clone(&self.sockets[socket]),
        }
    }

    /// Waits for the next datagram and receives it into a [`blank`](Self::blank) one: one system
    /// call, and nothing is allocated. Gives whether it may be answered.
    pub(super) fn receive(&self, datagram: &mut Datagram) -> io::Result<bool> {
        let (count, peer) = datagram.socket.recv_from(&mut datagram.buffer)?;
        datagram.len = count.min(self.max_packet_size);
        datagram.lost = count - datagram.len;
        datagram.peer = peer;
        Ok(peer.port() != 0 && !is_own(&datagram.socket, peer))
    }
}

/// Whether a datagram claims to come from the very socket that receives it. Answering a forged one
/// would make the server answer itself for ever.
fn is_own(socket: &UdpSocket, peer: SocketAddr) -> bool {
    let Ok(here) = socket.local_addr() else {
        return false;
    };
    // An address is this machine's own where the system would send from it to itself.
    let is_local = || connect_udp((peer.ip(), 9).into()).and_then(|probe| probe.local_addr());
    peer.port() == here.port()
        && (peer.ip() == here.ip()
            || here.ip().is_unspecified() && is_local().is_ok_and(|local| local.ip() == peer.ip()))
}

impl RequestSource for Datagrams {
    type Request = Datagram;

    fn sockets(&self) -> usize {
        self.sockets.len()
    }

    fn get_request(&self, socket: usize) -> io::Result<Datagram> {
        let mut datagram = self.blank(socket);
        if !self.receive(&mut datagram)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        // Thousands may wait for their threads; none shall hold more than its own bytes.
        datagram.buffer.truncate(datagram.len);
        datagram.buffer.shrink_to_fit();
        Ok(datagram)
    }

    /// Drops it. An answer would be taken for the reply, and a sender of datagrams must be ready for a
    /// lost one.
    fn refuse(&self, _request: Datagram, _why: Refusal) {}

    fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let sockets: Vec<_> = self.sockets.iter().map(Arc::downgrade).collect();
        Box::new(move || {
            for socket in sockets.iter().filter_map(Weak::upgrade) {
                let _ = wake_udp(&socket);
            }
        })
    }

    fn peer(request: &Datagram) -> &dyn Display {
        &request.peer
    }
}
