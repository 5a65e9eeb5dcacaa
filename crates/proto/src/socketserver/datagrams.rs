//! Datagrams as requests.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};

use super::source::{Refusal, RequestSource};
use crate::net::{connect_udp, wake_udp};

/// Longer than any datagram: the kernel cuts a datagram that does not fit into the buffer, and std
/// does not report that.
const ROOM: usize = 65_536;

/// One datagram and a way to answer it. Python: `self.request`, which is the data and the socket,
/// and `self.client_address`.
#[derive(Debug)]
pub struct Datagram {
    /// The sender's address, which can be forged.
    pub peer: SocketAddr,
    /// How many bytes at its end were cut off; see [`Datagrams::max_packet_size`].
    pub lost: usize,
    buffer: Vec<u8>,
    len: usize,
    socket: Arc<UdpSocket>,
}

impl Datagram {
    /// The bytes, possibly none: an empty datagram is a message, too.
    pub fn data(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// The bytes, for a handler that makes the answer in place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.len]
    }

    /// Sends a datagram to the sender. Python: `self.request[1].sendto(data, self.client_address)`.
    ///
    /// A datagram that was sent may still be lost.
    ///
    /// # Errors
    ///
    /// Those of `sendto`, such as for more than [`MAX_DATAGRAM`](crate::net::MAX_DATAGRAM) bytes.
    pub fn reply(&self, data: &[u8]) -> io::Result<()> {
        self.socket.send_to(data, self.peer).map(drop)
    }

    /// The socket that received it, for datagrams to the sender that are sent later.
    pub fn socket(&self) -> &Arc<UdpSocket> {
        &self.socket
    }
}

/// The datagrams that one or more sockets receive.
///
/// The kernel queues them and silently drops what does not fit. On Linux the queue has 208 KiB by
/// default (`net.core.rmem_default`), and std cannot ask for more.
///
/// ```
/// use proto::net::{bind_udp, connect_udp};
/// use proto::socketserver::{Datagram, Datagrams, RequestHandler, ThreadingServer};
///
/// struct Upper(Datagram);
///
/// impl RequestHandler for Upper {
///     fn handle(&mut self) {
/// // The client may be gone, which the server cannot help.
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
    /// The addresses of the sockets.
    addresses: Vec<SocketAddr>,
    max_packet_size: usize,
}

impl Datagrams {
    /// Takes a socket that is bound already, so that the caller can use port 0 and read the real
    /// port.
    pub fn new(socket: UdpSocket) -> Self {
        Self::all(vec![socket])
    }

    /// The datagrams of several sockets; see [`bind_udp_all`](crate::net::bind_udp_all).
    pub fn all(sockets: Vec<UdpSocket>) -> Self {
        Self {
            addresses: sockets.iter().flat_map(UdpSocket::local_addr).collect(),
            sockets: sockets.into_iter().map(Arc::new).collect(),
            max_packet_size: ROOM,
        }
    }

    /// Keeps at most `bytes` bytes of each datagram, and counts the rest in [`Datagram::lost`]. By
    /// default every datagram is whole. Python: `max_packet_size`, which is 8192 and cuts silently.
    #[must_use]
    pub fn max_packet_size(mut self, bytes: usize) -> Self {
        self.max_packet_size = bytes.min(ROOM);
        self
    }

    /// A datagram for [`receive`](Self::receive), which can be reused for each call.
    pub(super) fn blank(&self, socket: usize) -> Datagram {
        Datagram {
            peer: ([0, 0, 0, 0], 0).into(),
            lost: 0,
            buffer: vec![0; ROOM],
            len: 0,
            socket: Arc::clone(&self.sockets[socket]),
        }
    }

    /// Waits for the next datagram and receives it into a [`blank`](Self::blank) one, with one
    /// system call and no allocation. Returns whether it may be answered.
    pub(super) fn receive(&self, datagram: &mut Datagram) -> io::Result<bool> {
        let (count, peer) = datagram.socket.recv_from(&mut datagram.buffer)?;
        datagram.len = count.min(self.max_packet_size);
        datagram.lost = count - datagram.len;
        datagram.peer = peer;
        Ok(peer.port() != 0 && !self.is_own(peer))
    }

    /// Whether the sender's address is one of the server's own sockets. Such a datagram is forged,
    /// and the server would answer itself for ever.
    fn is_own(&self, peer: SocketAddr) -> bool {
        // An address is this machine's own if the kernel would send from it to itself.
        let is_local = || connect_udp((peer.ip(), 9).into()).and_then(|probe| probe.local_addr());
        self.addresses.iter().any(|here| {
            peer.port() == here.port()
                && (peer.ip() == here.ip()
                    || here.ip().is_unspecified()
                        && is_local().is_ok_and(|local| local.ip() == peer.ip()))
        })
    }
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
        // Thousands of datagrams may be in memory at once, so each keeps only its own bytes.
        datagram.buffer.truncate(datagram.len);
        datagram.buffer.shrink_to_fit();
        Ok(datagram)
    }

    /// Drops the datagram. The client would take a refusal for the reply, and it must expect lost
    /// datagrams anyway.
    fn refuse(&self, request: Datagram, _why: Refusal) -> String {
        request.peer.to_string()
    }

    fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let sockets: Vec<_> = self.sockets.iter().map(Arc::downgrade).collect();
        Box::new(move || {
            for socket in sockets.iter().filter_map(Weak::upgrade) {
                let _ = wake_udp(&socket);
            }
        })
    }
}
