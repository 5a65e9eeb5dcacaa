//! A socket that waits for connections, TCP or Unix-domain.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::connect::connect_unix;
use super::endpoint::{Endpoint, ResolveError};
use super::stream::{Peer, Stream};
use super::unix::{self, SocketFile, SocketFileError};
use crate::reason;

/// How long waking may take: less than the system would wait for a queue that has no room.
const WAKE: Duration = Duration::from_millis(500);

/// A bound and listening socket: Python's `bind`, `listen` and `accept` in one object.
///
/// std listens with a backlog of 128 connections that wait for `accept`, and sets `SO_REUSEADDR`,
/// so that a server can start again while its old connections are in TIME_WAIT.
///
/// ```
/// use std::time::Duration;
/// use proto::net::{Listener, connect};
///
/// let listener = Listener::bind(&"127.0.0.1:0".parse()?)?;
/// let client = connect(listener.endpoint(), Duration::from_secs(5))?;
/// let (stream, peer) = listener.accept()?;
/// assert!(peer.to_string().starts_with("127.0.0.1:"));
/// # drop((client, stream));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    endpoint: Endpoint,
    socket: Socket,
    removed_stale: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        accepted: AtomicU64,
        path: PathBuf,
        _file: SocketFile,
    },
}

impl Listener {
    /// Listens at `endpoint`. Where a name has several addresses, at the first that this machine has.
    ///
    /// A Unix-domain socket is created with mode 0600. A stale one (its server is gone) is taken
    /// over; a live one, or anything that is not a socket, never is. Dropping the listener removes
    /// the socket file.
    ///
    /// # Errors
    ///
    /// [`BindError`], whose text names the remedy.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        if let Endpoint::Unix(path) = endpoint {
            let (listener, file, removed_stale) =
                unix::listen(path).map_err(|source| BindError::SocketFile {
                    endpoint: endpoint.clone(),
                    source,
                })?;
            return Ok(Self {
                endpoint: endpoint.clone(),
                socket: Socket::Unix {
                    listener,
                    accepted: AtomicU64::new(0),
                    path: path.clone(),
                    _file: file,
                },
                removed_stale,
            });
        }
        let addresses = endpoint.resolve().map_err(BindError::Resolve)?;
        let (listener, endpoint) = bind_first(endpoint, &addresses, Transport::Tcp, |address| {
            let listener = TcpListener::bind(address)?;
            let bound = listener.local_addr()?;
            Ok((listener, bound.into()))
        })?;
        Ok(Self {
            endpoint,
            socket: Socket::Tcp(listener),
            removed_stale: false,
        })
    }

    /// Where it listens, with the real port where 0 was asked for. Python: `getsockname`.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether [`bind`](Self::bind) found the socket file of a server that is gone, and removed it.
    pub fn removed_stale_socket(&self) -> bool {
        self.removed_stale
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// Those of `accept`. None of them means that the listener is done for: out of descriptors
    /// (`EMFILE`), for one, ends when a connection closes.
    pub fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Ok((stream.into(), Peer::Address(address)))
            }
            Socket::Unix {
                listener, accepted, ..
            } => {
                let (stream, _) = listener.accept()?;
                let number = accepted.fetch_add(1, Ordering::Relaxed) + 1;
                Ok((stream.into(), Peer::Unix(number)))
            }
        }
    }

    /// The next connection, if one is waiting already. Nobody else may be in
    /// [`accept`](Self::accept) meanwhile.
    ///
    /// # Errors
    ///
    /// `WouldBlock` where none is waiting, and those of `accept`.
    pub fn accept_waiting(&self) -> io::Result<(Stream, Peer)> {
        self.set_nonblocking(true)?;
        let accepted = self.accept();
        self.set_nonblocking(false)?;
        let (stream, peer) = accepted?;
        // Elsewhere than on Linux it has this from its listener.
        stream.set_nonblocking(false)?;
        Ok((stream, peer))
    }

    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(listener) => listener.set_nonblocking(on),
            Socket::Unix { listener, .. } => listener.set_nonblocking(on),
        }
    }

    /// Makes a blocked [`accept`](Self::accept) return, by connecting to it and hanging up: std has
    /// no other way that is portable. It takes half a second at most; a queue that has no room
    /// blocks no `accept`.
    ///
    /// # Errors
    ///
    /// Those of connecting. A Unix-domain socket whose file is gone cannot be woken.
    pub fn wake(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let address = from_here(listener.local_addr()?);
                TcpStream::connect_timeout(&address, WAKE).map(drop)
            }
            Socket::Unix { path, .. } => connect_unix(path, WAKE).map(drop),
        }
    }
}

/// Where this machine itself reaches a socket bound to `address`: "every address" is one to listen
/// at, not one to send to.
pub(super) fn from_here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Binds to the first of a name's addresses that this machine has. One that is taken ends the
/// search: whoever calls by the name would reach the server that has it, and not us.
pub(super) fn bind_first<T>(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    transport: Transport,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> Result<T, BindError> {
    let mut last = (endpoint.clone(), ErrorKind::AddrNotAvailable.into());
    for &address in addresses {
        let source = match bind(address) {
            Ok(bound) => return Ok(bound),
            Err(source) => source,
        };
        let in_use = source.kind() == ErrorKind::AddrInUse;
        last = (address.into(), source);
        if in_use {
            break;
        }
    }
    let (endpoint, source) = last;
    Err(BindError::Failed {
        endpoint,
        transport,
        source,
    })
}

/// What a bound socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A stream of bytes.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Why a server could not listen.
#[derive(Debug)]
pub enum BindError {
    /// The name has no address.
    Resolve(ResolveError),
    /// The socket file could not be made.
    SocketFile {
        /// Where.
        endpoint: Endpoint,
        /// Why not.
        source: SocketFileError,
    },
    /// The system refused.
    Failed {
        /// Where.
        endpoint: Endpoint,
        /// For what.
        transport: Transport,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (endpoint, transport, source) = match self {
            Self::Resolve(error) => return error.fmt(f),
            Self::SocketFile {
                endpoint,
                source: source @ SocketFileError::InUse,
            } => return write!(f, "{endpoint} is {source}"),
            Self::SocketFile { endpoint, source } => {
                return write!(f, "cannot listen on {endpoint}: {source}");
            }
            Self::Failed {
                endpoint,
                transport,
                source,
            } => (endpoint, transport, source),
        };
        let why = reason(source);
        let port = endpoint.port().unwrap_or_default();
        // Not only sockets that listen (`-l`): others can be in the way, too.
        let (by, sockets) = match transport {
            Transport::Tcp => (
                "by a running server, or by connections that one has left in TIME_WAIT",
                "-tanp",
            ),
            Transport::Udp => ("by another program", "-uanp"),
        };
        match source.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "{endpoint} is already in use ({by}); see: ss {sockets} 'sport = :{port}'"
            ),
            ErrorKind::PermissionDenied => write!(
                f,
                "cannot listen on {endpoint} ({why}); ports below 1024 are the system's, \
                 choose one from 1024 to 65535"
            ),
            ErrorKind::AddrNotAvailable => write!(
                f,
                "cannot listen on {endpoint} ({why}); 127.0.0.1 is this machine alone, \
                 0.0.0.0 all its addresses"
            ),
            _ => write!(f, "cannot listen on {endpoint} ({why})"),
        }
    }
}

impl std::error::Error for BindError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn bind(text: &str) -> Result<Listener, BindError> {
        Listener::bind(&text.parse().unwrap())
    }

    #[test]
    fn port_0_becomes_a_real_port() {
        let listener = bind("127.0.0.1:0").unwrap();
        assert_ne!(listener.endpoint().port(), Some(0));
        let second = bind(&listener.endpoint().to_string()).unwrap_err();
        let text = second.to_string();
        assert!(text.contains("is already in use (by a running server, or by"));
        assert!(text.contains("ss -tanp 'sport = :"), "{text}");
    }

    #[test]
    fn an_address_of_another_machine_is_refused_in_words() {
        let error = bind("192.0.2.1:0").unwrap_err();
        assert!(error.to_string().contains("no such address"), "{error}");
    }

    #[test]
    fn wake_ends_a_blocked_accept_wherever_it_listens() {
        let path = std::env::temp_dir().join(format!("dialtone-wake-{}", std::process::id()));
        let unix = format!("unix:{}", path.display());
        for text in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0", &unix] {
            let Ok(listener) = bind(text) else {
                assert_eq!(text, "[::]:0", "only IPv6 may be missing");
                continue;
            };
            std::thread::scope(|scope| {
                let accepting = scope.spawn(|| listener.accept().map(|_| ()));
                listener.wake().unwrap();
                accepting.join().unwrap().unwrap();
            });
        }
    }

    #[test]
    fn wake_does_not_wait_for_room_in_a_full_queue() {
        let path = std::env::temp_dir().join(format!("dialtone-full-{}", std::process::id()));
        let listener = bind(&format!("unix:{}", path.display())).unwrap();
        // Those that have left stay in the queue, too.
        while connect_unix(&path, Duration::from_millis(300)).is_ok() {}
        let (done, woken) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(listener.wake().is_ok()));
        assert_eq!(woken.recv_timeout(Duration::from_secs(10)), Ok(false));
    }

    #[test]
    fn only_an_address_of_another_machine_makes_room_for_the_next() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = taken.local_addr().map(|address| (taken, address)).unwrap();
        let strange: SocketAddr = "192.0.2.1:0".parse().unwrap();
        let free: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let first = |addresses: &[SocketAddr]| {
            bind_first(&free.into(), addresses, Transport::Tcp, |address| {
                TcpListener::bind(address)?.local_addr()
            })
        };
        assert_eq!(first(&[strange, free]).unwrap().ip(), free.ip());
        let words = first(&[taken.1, free]).unwrap_err().to_string();
        assert!(words.starts_with(&format!("{} is already in use", taken.1)));
    }

    #[test]
    fn a_name_is_looked_up_and_served() {
        let listener = bind("localhost:0").unwrap();
        let connected = super::super::connect(listener.endpoint(), Duration::from_secs(5)).unwrap();
        (&connected).write_all(b"x").unwrap();
        let (stream, peer) = listener.accept().unwrap();
        (&stream).read_exact(&mut [0]).unwrap();
        assert!(matches!(peer, Peer::Address(address) if address.ip().is_loopback()));
    }
}
