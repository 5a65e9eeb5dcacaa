//! A socket that waits for connections, TCP or Unix-domain.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bind::{BindError, bind_each};
use super::endpoint::Endpoint;
use super::stream::{Peer, Stream};
use super::unix::{self, SocketFile, UnixListener};
use super::wake::Waker;

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
        file: Option<SocketFile>,
    },
}

impl Listener {
    /// Listens at `endpoint`. If a name has several addresses, it is the first that this machine
    /// has; all must be free.
    ///
    /// A Unix-domain socket file gets mode 0600. A stale one (its server is gone) is replaced; a
    /// live one or a file of another type never is. Dropping the listener removes the socket file.
    ///
    /// # Errors
    ///
    /// [`BindError`], whose text names the remedy.
    pub fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        // It is not empty, because the name has an address.
        Self::bind_all(endpoint).map(|mut all| all.swap_remove(0))
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
        let addresses = endpoint.resolve().map_err(BindError::Resolve)?;
        bind_each(addresses, false, |address| {
            let listener = Self::bind_tcp(address)?;
            Ok((listener.endpoint.port().unwrap_or_default(), listener))
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
        let failed = |source| BindError::Failed {
            endpoint: endpoint.clone(),
            is_udp: false,
            source,
        };
        let (listener, file) = unix::listen(path).map_err(failed)?;
        let waker = Waker::new(listener.try_clone(), endpoint).map_err(failed)?;
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

    /// The endpoint that it listens at; for port 0, with the port that the kernel chose. Python:
    /// `getsockname`.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether [`bind`](Self::bind) replaced a stale socket file.
    pub fn removed_stale_socket(&self) -> bool {
        matches!(&self.socket, Socket::Unix { file: Some(file), .. } if file.replaced_stale)
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
                Ok((Stream::unix(stream), Peer::Unix(number)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::in_time;
    use crate::sys::who_has_port;
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
        for text in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let Ok(listener) = bind(text) else {
                assert_eq!(text, "[::]:0", "only IPv6 may be missing");
                continue;
            };
            let wake = listener.waker();
            let accepting = std::thread::spawn(move || listener.accept().is_err());
            wake();
            let failed = in_time(|| accepting.join().unwrap());
            // Linux shuts the socket down; other systems may need a connection.
            assert!(failed || !cfg!(target_os = "linux"));
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
    fn a_name_is_looked_up_and_served() {
        let listener = bind("localhost:0").unwrap();
        let connected = super::super::connect(listener.endpoint(), Duration::from_secs(5)).unwrap();
        (&connected).write_all(b"x").unwrap();
        let (stream, peer) = listener.accept().unwrap();
        (&stream).read_exact(&mut [0]).unwrap();
        assert!(matches!(peer, Peer::Address(address) if address.ip().is_loopback()));
    }
}
