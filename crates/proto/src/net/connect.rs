//! Connects to an endpoint, with one time limit for all addresses of a name.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::endpoint::Endpoint;
use super::resolve::ResolveError;
use super::stream::Stream;
use super::unix;
use crate::reason;

/// Connects to `endpoint`, trying each of its addresses in turn, all within `limit`.
///
/// Python: `socket.create_connection(address, timeout)`.
///
/// # Errors
///
/// [`ConnectError`]: the name is unknown, or the last address tried gave an error.
///
/// ```
/// use std::time::Duration;
/// use proto::net::{Endpoint, Listener, connect};
///
/// let listener = Listener::bind(&"127.0.0.1:0".parse::<Endpoint>()?)?;
/// let stream = connect(listener.endpoint(), Duration::from_secs(5))?;
/// # drop(stream);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn connect(endpoint: &Endpoint, limit: Duration) -> Result<Stream, ConnectError> {
    let started = Instant::now();
    let failed = |source| ConnectError::Failed {
        endpoint: endpoint.clone(),
        limit,
        source,
    };
    if let Endpoint::Unix(path) = endpoint {
        return unix::connect(path, limit).map(Stream::unix).map_err(failed);
    }
    let addresses = endpoint
        .resolve_within(limit)
        .map_err(ConnectError::Resolve)?;
    let mut last = io::Error::from(ErrorKind::TimedOut);
    for (tried, address) in addresses.iter().enumerate() {
        // An address that drops packets must not use up the time of the addresses after it.
        let left = limit.saturating_sub(started.elapsed());
        let share = left / (addresses.len() - tried) as u32;
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) if is_self_connect(&stream) => last = ErrorKind::ConnectionRefused.into(),
            Ok(stream) => return Ok(stream.into()),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

/// TCP self-connect: where no server listens, an ephemeral source port may equal the target port
/// (RFC 9293, simultaneous open). A client that retries until the server starts meets this sooner
/// or later.
fn is_self_connect(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(here), Ok(there)) if here == there)
}

/// Why no connection was made.
#[derive(Debug)]
pub enum ConnectError {
    /// The name has no address.
    Resolve(ResolveError),
    /// Every address failed; this is the error of the last one.
    Failed {
        /// The endpoint.
        endpoint: Endpoint,
        /// The time limit.
        limit: Duration,
        /// The system's error.
        source: io::Error,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (endpoint, limit, source) = match self {
            Self::Resolve(error) => return error.fmt(f),
            Self::Failed {
                endpoint,
                limit,
                source,
            } => (endpoint, limit, source),
        };
        let hint = match source.kind() {
            ErrorKind::InvalidInput if matches!(endpoint, Endpoint::Unix(_)) => {
                return write!(f, "cannot connect to {endpoint}: {}", reason(source));
            }
            ErrorKind::InvalidInput => "a link-local address needs its link: [fe80::1%eth0]:8080",
            ErrorKind::TimedOut => {
                return write!(
                    f,
                    "cannot connect to {endpoint} (no answer within {limit:?}); \
                     is a firewall in between, or the server overloaded?"
                );
            }
            ErrorKind::PermissionDenied => "may this user open the socket file?",
            ErrorKind::AddrNotAvailable => "are this machine's free ports used up?",
            _ => "is the server running?",
        };
        write!(
            f,
            "cannot connect to {endpoint} ({}); {hint}",
            reason(source)
        )
    }
}

impl std::error::Error for ConnectError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_closed_port_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        drop(listener);
        let error = connect(&endpoint, Duration::from_secs(5)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot connect to {endpoint} (connection refused); is the server running?")
        );
    }

    #[test]
    fn a_self_connect_is_refused() {
        let odd = TcpListener::bind("127.0.0.1:0").unwrap();
        // Linux gives odd ports to `bind` and even ones to `connect`, so it will choose this port
        // at some point.
        let port = odd.local_addr().unwrap().port() ^ 1;
        let endpoint: Endpoint = format!("127.0.0.1:{port}").parse().unwrap();
        for _ in 0..30_000 {
            assert!(connect(&endpoint, Duration::from_secs(5)).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_error_names_a_missing_socket_file() {
        let endpoint: Endpoint = "unix:/nonexistent/socket".parse().unwrap();
        let error = connect(&endpoint, Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("(no such file or directory)"));
    }

    #[test]
    fn a_link_local_address_without_its_link_gets_a_hint() {
        let error = ConnectError::Failed {
            endpoint: "[fe80::1]:80".parse().unwrap(),
            limit: Duration::from_secs(5),
            source: ErrorKind::InvalidInput.into(),
        };
        assert!(error.to_string().contains("[fe80::1%eth0]"), "{error}");
    }
}
