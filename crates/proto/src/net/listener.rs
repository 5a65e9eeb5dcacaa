//! A socket that waits for connections, TCP or Unix-domain.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::endpoint::Endpoint;
use super::resolve::ResolveError;
use super::socket_file_error::SocketFileError;
use super::stream::{Peer, Stream};
use super::unix::{self, SocketFile};
use super::wake::Waker;
use crate::reason;
use crate::sys::{PORT_DENIED, UnixListener, who_has_port};

/// How often port 0 is tried until the chosen port is free on all addresses of a name.
const PORT_TRIES: u32 = 10;

/// A bound and listening socket: Python's `bind`, `listen` and `accept` in one object.
///
/// std listens with a backlog of 128, and on Unix sets `SO_REUSEADDR`, so that a server can start
/// again while its old connections are in TIME_WAIT.
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
    waker: Arc<Waker>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        accepted: AtomicU64,
        file: SocketFile,
    },
}

impl Listener {
    /// Listens at `endpoint`. If a name has several addresses, it is the first that this machine
    /// has.
    ///
    /// A Unix-domain socket file gets mode 0600. A stale one (its server is gone) is replaced; a
    /// live one or a file of another type never is. Dropping the listener removes the socket file.
    ///
    /// # Errors
    ///
    /// [`BindError`], whose text names the remedy.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        if let Endpoint::Unix(path) = endpoint {
            return Self::bind_unix(endpoint, path);
        }
        let addresses = endpoint.resolve().map_err(BindError::Resolve)?;
        bind_first(endpoint, &addresses, Transport::Tcp, Self::bind_tcp)
    }

    /// Listens at every address of a name that this machine has, with one listener for each, all on
    /// one port. `localhost`, for example, often has an IPv6 and an IPv4 address.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](Self::bind); one address in use is enough.
    pub fn bind_all(endpoint: &Endpoint) -> Result<Vec<Self>, BindError> {
        if let Endpoint::Unix(path) = endpoint {
            return Ok(vec![Self::bind_unix(endpoint, path)?]);
        }
        bind_each(endpoint, Transport::Tcp, |address| {
            let listener = Self::bind_tcp(address)?;
            Ok((listener.endpoint.port(), listener))
        })
    }

    fn bind_tcp(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let endpoint = Endpoint::from(listener.local_addr()?);
        Ok(Self {
            waker: Arc::new(Waker::new(listener.try_clone(), &endpoint)?),
            endpoint,
            socket: Socket::Tcp(listener),
        })
    }

    fn bind_unix(endpoint: &Endpoint, path: &Path) -> Result<Self, BindError> {
        let failed = |source| BindError::SocketFile {
            endpoint: endpoint.clone(),
            source,
        };
        let (listener, file) = unix::listen(path).map_err(failed)?;
        let waker = Waker::new(listener.try_clone(), endpoint)
            .map_err(|source| failed(SocketFileError::Failed(source)))?;
        Ok(Self {
            endpoint: endpoint.clone(),
            socket: Socket::Unix {
                listener,
                accepted: AtomicU64::new(0),
                file,
            },
            waker: Arc::new(waker),
        })
    }

    /// Where it listens; for port 0, with the port that the kernel chose. Python: `getsockname`.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether [`bind`](Self::bind) replaced a stale socket file.
    pub fn removed_stale_socket(&self) -> bool {
        matches!(&self.socket, Socket::Unix { file, .. } if file.replaced_stale)
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// Those of `accept`. The listener stays usable after each of them: `EMFILE` (no free
    /// descriptor), for example, passes when a connection closes.
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

    /// A function that ends the listening from any thread: a blocked [`accept`](Self::accept)
    /// returns. It does not keep the socket file. Python: `shutdown(SHUT_RDWR)` on the listening
    /// socket.
    pub fn waker(&self) -> impl Fn() + Send + Sync + use<> {
        let waker = Arc::clone(&self.waker);
        move || waker.wake()
    }
}

/// Binds to the first of a name's addresses that this machine has. An address in use ends the
/// search: clients that connect by the name would reach the other server.
pub(super) fn bind_first<T>(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    transport: Transport,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> Result<T, BindError> {
    let mut last = None;
    for &address in addresses {
        match bind(address) {
            Ok(bound) => return Ok(bound),
            Err(source) => {
                let in_use = source.kind() == ErrorKind::AddrInUse;
                last = Some((address.into(), source));
                if in_use {
                    break;
                }
            }
        }
    }
    Err(failed(endpoint, transport, last))
}

/// Binds to all of a name's addresses that this machine has, on one port. `bind` returns the port.
pub(super) fn bind_each<T>(
    endpoint: &Endpoint,
    transport: Transport,
    bind: impl Fn(SocketAddr) -> io::Result<(Option<u16>, T)>,
) -> Result<Vec<T>, BindError> {
    let mut addresses = endpoint.resolve().map_err(BindError::Resolve)?;
    addresses.dedup();
    let mut tries = 0;
    loop {
        tries += 1;
        let mut all = Vec::new();
        let mut last = None;
        let mut port = endpoint.port();
        for mut address in addresses.iter().copied() {
            address.set_port(port.unwrap_or_default());
            match bind(address) {
                Ok((chosen, bound)) => {
                    port = chosen;
                    all.push(bound);
                }
                Err(source) => {
                    let in_use = source.kind() == ErrorKind::AddrInUse;
                    last = Some((address.into(), source));
                    if in_use {
                        all.clear();
                        break;
                    }
                }
            }
        }
        let port_was_chosen = endpoint.port() == Some(0) && port != Some(0);
        match (all.is_empty(), port_was_chosen && tries < PORT_TRIES) {
            (false, _) => return Ok(all),
            (true, true) => {}
            (true, false) => return Err(failed(endpoint, transport, last)),
        }
    }
}

fn failed(
    endpoint: &Endpoint,
    transport: Transport,
    last: Option<(Endpoint, io::Error)>,
) -> BindError {
    let (endpoint, source) =
        last.unwrap_or_else(|| (endpoint.clone(), ErrorKind::AddrNotAvailable.into()));
    BindError::Failed {
        endpoint,
        transport,
        source,
    }
}

/// The transport protocol of a socket.
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
    /// The socket file could not be created.
    SocketFile {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        source: SocketFileError,
    },
    /// The system refused.
    Failed {
        /// The endpoint.
        endpoint: Endpoint,
        /// The transport protocol.
        transport: Transport,
        /// The system's error.
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
        let by = match transport {
            Transport::Tcp => {
                "by a running server, or by connections that one has left in TIME_WAIT"
            }
            Transport::Udp => "by another program",
        };
        match source.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "{endpoint} is already in use ({by}); see: {}",
                who_has_port(port, *transport == Transport::Udp)
            ),
            ErrorKind::PermissionDenied => {
                write!(f, "cannot listen on {endpoint} ({why}); {PORT_DENIED}")
            }
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
    use crate::temp::TempDir;
    use std::io::{Read, Write};
    use std::time::Duration;

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
        let port = listener.endpoint().port().unwrap();
        assert!(text.contains(&who_has_port(port, false)), "{text}");
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let error = bind("192.0.2.1:0").unwrap_err();
        assert!(error.to_string().contains("no such address"), "{error}");
    }

    #[test]
    fn the_waker_ends_a_blocked_accept_wherever_it_listens() {
        let folder = TempDir::new();
        let path = folder.join("socket");
        let unix = format!("unix:{}", path.display());
        for text in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0", &unix] {
            let Ok(listener) = bind(text) else {
                assert_eq!(text, "[::]:0", "only IPv6 may be missing");
                continue;
            };
            // The waker does not need the socket file.
            let _ = std::fs::remove_file(&path);
            std::thread::scope(|scope| {
                let accepting = scope.spawn(|| listener.accept().is_err());
                listener.waker()();
                assert!(accepting.join().unwrap());
            });
        }
    }

    #[test]
    fn every_address_of_a_name_is_listened_at_with_one_port() {
        let listeners = Listener::bind_all(&"localhost:0".parse().unwrap()).unwrap();
        let resolved = "localhost:0".parse::<Endpoint>().unwrap().resolve();
        assert!(!listeners.is_empty() && listeners.len() <= resolved.unwrap().len());
        for listener in &listeners {
            assert_eq!(listener.endpoint().port(), listeners[0].endpoint().port());
        }
    }

    #[test]
    fn only_addresses_of_other_machines_are_skipped() {
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
