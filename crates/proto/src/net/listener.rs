//! A socket that waits for connections, TCP or Unix-domain.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::endpoint::{Endpoint, ResolveError};
use super::stream::{Peer, Stream};
use super::unix::{self, SocketFile, SocketFileError};
use crate::reason;

/// A bound and listening socket: Python's `bind`, `listen` and `accept` in one object.
///
/// std listens with a backlog of 128 connections that wait for `accept`, and sets `SO_REUSEADDR`,
/// so that a server can start again while its old connections are in TIME_WAIT.
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
    /// Listens at `endpoint`. Where a name has several addresses, at the first that can be bound.
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
        let failed = |source| BindError::Failed {
            endpoint: endpoint.clone(),
            transport: Transport::Tcp,
            source,
        };
        let addresses = endpoint.resolve().map_err(BindError::Resolve)?;
        let listener = TcpListener::bind(&addresses[..]).map_err(failed)?;
        Ok(Self {
            endpoint: listener.local_addr().map_err(failed)?.into(),
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

    /// Makes a blocked [`accept`](Self::accept) return, by connecting to it and hanging up: std has
    /// no other way that is portable.
    ///
    /// # Errors
    ///
    /// Those of connecting. A Unix-domain socket whose file is gone cannot be woken.
    pub fn wake(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let address = from_here(listener.local_addr()?);
                TcpStream::connect_timeout(&address, Duration::from_millis(500)).map(drop)
            }
            Socket::Unix { path, .. } => UnixStream::connect(path).map(drop),
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
        let sockets = match transport {
            Transport::Tcp => "-ltnp",
            Transport::Udp => "-lunp",
        };
        match source.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "{endpoint} is already in use; is another server running? \
                 see: ss {sockets} 'sport = :{port}'"
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
        assert!(text.contains("is already in use; is another server running?"));
        assert!(text.contains("ss -ltnp 'sport = :"), "{text}");
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
    fn a_name_is_looked_up_and_served() {
        let listener = bind("localhost:0").unwrap();
        let connected = super::super::connect(listener.endpoint(), Duration::from_secs(5)).unwrap();
        (&connected).write_all(b"x").unwrap();
        let (stream, peer) = listener.accept().unwrap();
        (&stream).read_exact(&mut [0]).unwrap();
        assert!(matches!(peer, Peer::Address(address) if address.ip().is_loopback()));
    }
}
