//! Binds and connects std's UDP sockets.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::bind::{BindError, bind_each};
use super::endpoint::Endpoint;
use super::wake::unspecified_to_loopback;

/// The most bytes that a datagram carries over IPv4: 65535, less 20 of IP header and 8 of UDP
/// header (RFC 768). Over IPv6 it carries 20 more.
pub const MAX_DATAGRAM: usize = 65_507;

/// Binds a socket to `endpoint`, and returns it with its real endpoint: for port 0, with the port
/// that the kernel chose. If a name has several addresses, it is the first that this machine has;
/// all must be free.
///
/// Python: `socket(AF_INET, SOCK_DGRAM)`, `bind` and `getsockname`.
///
/// # Errors
///
/// [`BindError`], whose text names the remedy.
///
/// ```
/// use proto::net::bind_udp;
///
/// let (socket, endpoint) = bind_udp(&"127.0.0.1:0".parse()?)?;
/// assert_ne!(endpoint.port(), Some(0));
/// # drop(socket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bind_udp(endpoint: &Endpoint) -> Result<(UdpSocket, Endpoint), BindError> {
    // It is not empty, because the name has an address.
    let (socket, bound) = bind_udp_all(endpoint).map(|mut all| all.swap_remove(0))?;
    Ok((socket, bound.into()))
}

/// Binds a socket to each address of a name that this machine has, all on one port, and returns it
/// with that address.
///
/// # Errors
///
/// Those of [`bind_udp`]; one address in use is enough.
pub fn bind_udp_all(endpoint: &Endpoint) -> Result<Vec<(UdpSocket, SocketAddr)>, BindError> {
    let addresses = endpoint.resolve().map_err(BindError::Resolve)?;
    bind_each(addresses, true, |address| {
        let socket = UdpSocket::bind(address)?;
        let bound = socket.local_addr()?;
        Ok((bound.port(), (socket, bound)))
    })
}

/// A socket with a free port, connected to `peer`: it exchanges datagrams only with that address.
/// Nothing is sent, so this does not show whether a server is there.
///
/// Unlike an unconnected socket, it learns of a closed port: an ICMP message makes its next call
/// fail with `ConnectionRefused`. The kernel drops datagrams from other addresses.
///
/// Python: `socket(AF_INET, SOCK_DGRAM)` and `connect`.
///
/// # Errors
///
/// Those of the system, such as `NetworkUnreachable`; `ConnectionRefused` if the socket would be
/// connected to itself.
pub fn connect_udp(peer: SocketAddr) -> io::Result<UdpSocket> {
    let here: SocketAddr = match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(here)?;
    socket.connect(peer)?;
    // If no server has bound the port, the kernel may choose it for this socket.
    if socket.local_addr()? == peer {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(socket)
}

/// [`connect_udp`] to one of the addresses of a name, as `localhost` often has two: to the first
/// that a program on this machine uses, because binding to that one fails; else to the first.
///
/// # Errors
///
/// Those of [`connect_udp`], and `InvalidInput` without an address.
///
/// ```
/// use proto::net::{Endpoint, bind_udp, connect_udp_any};
///
/// let (_server, endpoint) = bind_udp(&"localhost:0".parse()?)?;
/// let client = connect_udp_any(&endpoint.resolve()?)?;
/// assert_eq!(Endpoint::from(client.peer_addr()?), endpoint);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn connect_udp_any(peers: &[SocketAddr]) -> io::Result<UdpSocket> {
    let is_taken = |peer: &&SocketAddr| {
        UdpSocket::bind(peer).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    };
    let peer = peers.iter().find(is_taken).or(peers.first());
    connect_udp(*peer.ok_or(ErrorKind::InvalidInput)?)
}

/// Wakes a thread that is blocked in `recv_from`: sends `socket` an empty datagram from itself.
/// That thread must know by other means that this is not a request.
///
/// # Errors
///
/// Those of sending.
pub fn wake_udp(socket: &UdpSocket) -> io::Result<()> {
    let address = unspecified_to_loopback(socket.local_addr()?);
    socket.send_to(&[], address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::who_has_port;
    use std::time::Duration;

    const LONG: Option<Duration> = Some(Duration::from_secs(10));

    fn bind(text: &str) -> Result<(UdpSocket, Endpoint), BindError> {
        bind_udp(&text.parse().unwrap())
    }

    #[test]
    fn a_port_in_use_is_an_error_that_shows_how_to_find_its_program() {
        let (_socket, endpoint) = bind("localhost:0").unwrap();
        let port = endpoint.port().unwrap();
        let error = bind(&endpoint.to_string()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{endpoint} is already in use (by another program); see: {}",
                who_has_port(port, true)
            )
        );
    }

    #[test]
    fn endpoints_that_cannot_be_bound_are_refused() {
        let error = bind("192.0.2.1:0").unwrap_err();
        assert!(error.to_string().contains("no such address"), "{error}");
    }

    // Elsewhere unix: is no endpoint.
    #[cfg(unix)]
    #[test]
    fn a_socket_file_is_refused_in_words() {
        let error = bind("unix:/tmp/x").unwrap_err();
        assert!(error.to_string().contains("no IP address"), "{error}");
    }

    #[test]
    fn a_connected_socket_learns_that_no_server_is_there() {
        let (socket, _) = bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let client = connect_udp(address).unwrap();
        client.set_read_timeout(LONG).unwrap();
        client.send(b"x").unwrap();
        let error = client.recv(&mut [0]).unwrap_err();
        // Windows calls it a reset.
        let told = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
        assert!(told.contains(&error.kind()), "{error}");
    }

    #[test]
    fn connected_sockets_have_ports_of_their_own_and_receive_only_from_their_peer() {
        for text in ["127.0.0.1:0", "[::1]:0"] {
            let Ok((server, _)) = bind(text) else {
                assert_eq!(text, "[::1]:0", "only IPv6 may be missing");
                continue;
            };
            let (stranger, _) = bind(text).unwrap();
            let address = server.local_addr().unwrap();
            let clients = [connect_udp(address).unwrap(), connect_udp(address).unwrap()];
            for client in clients {
                let here = client.local_addr().unwrap();
                client.set_read_timeout(LONG).unwrap();
                stranger.send_to(b"stranger", here).unwrap();
                server.send_to(b"server", here).unwrap();
                let mut data = [0; 10];
                assert_eq!(client.recv(&mut data).unwrap(), 6);
                assert_eq!(&data[..6], b"server");
            }
        }
    }

    #[test]
    fn of_several_addresses_the_one_in_use_is_chosen() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = server.local_addr().unwrap();
        let free: SocketAddr = ([127, 0, 0, 2], taken.port()).into();
        for peers in [vec![free, taken], vec![taken, free], vec![taken]] {
            assert_eq!(connect_udp_any(&peers).unwrap().peer_addr().unwrap(), taken);
        }
        assert!(connect_udp_any(&[]).is_err());
    }

    #[test]
    fn wake_ends_a_blocked_recv_from_wherever_it_is_bound() {
        for text in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let Ok((socket, _)) = bind(text) else {
                assert_eq!(text, "[::]:0", "only IPv6 may be missing");
                continue;
            };
            socket.set_read_timeout(LONG).unwrap();
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| socket.recv_from(&mut [0; 10]).map(|(n, _)| n));
                wake_udp(&socket).unwrap();
                assert_eq!(waiting.join().unwrap().unwrap(), 0);
            });
        }
    }
}
