//! Waking a thread that waits in `accept`. std has no call for it, so this is where systems differ.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::connect::connect;
use super::endpoint::Endpoint;
use crate::sys::{OwnedSocket, SHUTDOWN_WAKES_ACCEPT};

/// How long the connection to itself may take, where that is needed.
const LIMIT: Duration = Duration::from_millis(500);

/// Makes a blocked `accept` of one listening socket return.
#[derive(Debug)]
pub(super) struct Waker {
    /// The listening socket once more, as the type that std can shut down.
    socket: TcpStream,
    endpoint: Endpoint,
}

impl Waker {
    pub(super) fn new(
        listener: io::Result<impl Into<OwnedSocket>>,
        endpoint: &Endpoint,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: TcpStream::from(listener?.into()),
            endpoint: endpoint.clone(),
        })
    }

    /// Shuts the listening socket down: a blocked `accept` fails at once, and so does every later one.
    /// A system that refuses that (Linux does not) is called instead, once: `accept` then gives a
    /// connection that leaves again.
    pub(super) fn wake(&self) {
        if !SHUTDOWN_WAKES_ACCEPT || self.socket.shutdown(Shutdown::Both).is_err() {
            let _ = connect(&reachable(&self.endpoint), LIMIT);
        }
    }
}

fn reachable(endpoint: &Endpoint) -> Endpoint {
    match endpoint.address() {
        Some(address) => from_here(address).into(),
        None => endpoint.clone(),
    }
}

/// Replaces 0.0.0.0 and :: by loopback: they are addresses to listen at, not to send to.
pub(super) fn from_here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// What happens on a system that does not shut listening sockets down.
    #[test]
    fn a_system_that_refuses_is_called_instead() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        let (other, _held) = {
            let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
            let other = TcpStream::connect(elsewhere.local_addr().unwrap()).unwrap();
            (other, elsewhere)
        };
        other.shutdown(Shutdown::Both).unwrap();
        drop(_held);
        // A socket whose shutdown fails: its peer has gone.
        while other.shutdown(Shutdown::Both).is_ok() {
            thread::yield_now();
        }
        let waker = Waker {
            socket: other,
            endpoint,
        };
        thread::scope(|scope| {
            let accepting = scope.spawn(|| listener.accept().is_ok());
            waker.wake();
            assert!(accepting.join().unwrap());
        });
    }
}
