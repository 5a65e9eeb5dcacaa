//! Wakes a thread that is blocked in `accept`, for which std has no call.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::connect::connect;
use super::endpoint::Endpoint;
use crate::sys::{OwnedSocket, SHUTDOWN_WAKES_ACCEPT};

/// How long the fallback, a connection to our own listener, may take.
const LIMIT: Duration = Duration::from_millis(500);

/// Wakes a blocked `accept` of one listening socket.
#[derive(Debug)]
pub(super) struct Waker {
    /// A duplicate of the listening socket, as a type for which std has `shutdown`.
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

    /// Shuts the listening socket down: a blocked `accept` fails at once, and so does every later
    /// one. If the system refuses that (Linux does not), it connects once instead: `accept` then
    /// returns a connection that closes at once.
    pub(super) fn wake(&self) {
        if !SHUTDOWN_WAKES_ACCEPT || self.socket.shutdown(Shutdown::Both).is_err() {
            let _ = connect(&reachable(&self.endpoint), LIMIT);
        }
    }
}

fn reachable(endpoint: &Endpoint) -> Endpoint {
    match endpoint.address() {
        Some(address) => unspecified_to_loopback(address).into(),
        None => endpoint.clone(),
    }
}

/// Replaces 0.0.0.0 and :: by loopback: they are addresses to listen at, not to send to.
pub(super) fn unspecified_to_loopback(mut address: SocketAddr) -> SocketAddr {
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
    use crate::deadline::{SOON, in_time, poll};
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn only_unspecified_addresses_become_loopback() {
        for (bound, reachable) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("192.0.2.1:1", "192.0.2.1:1"),
        ] {
            let address = unspecified_to_loopback(bound.parse().unwrap());
            assert_eq!(address.to_string(), reachable);
        }
    }

    /// As on a system that cannot shut down a listening socket.
    #[test]
    fn wake_connects_if_shutdown_fails() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        let (other, _held) = {
            let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
            let other = TcpStream::connect(elsewhere.local_addr().unwrap()).unwrap();
            (other, elsewhere)
        };
        other.shutdown(Shutdown::Both).unwrap();
        drop(_held);
        // `shutdown` of this socket fails, because its peer is gone. On Windows it does not, and
        // wake connects anyway.
        let has_gone = || other.shutdown(Shutdown::Both).err();
        assert!(!SHUTDOWN_WAKES_ACCEPT || poll(SOON, has_gone).is_some());
        let waker = Waker {
            socket: other,
            endpoint,
        };
        let accepting = thread::spawn(move || listener.accept().is_ok());
        waker.wake();
        assert!(in_time(|| accepting.join().unwrap()));
    }
}
