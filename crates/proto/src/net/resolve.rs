//! Looks up the addresses of a name.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::endpoint::Endpoint;
use crate::{reason, start_reason};

const SPELLING: &str = "is the name spelled right?";

impl Endpoint {
    /// Looks the name up. An address needs no look-up.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the name is unknown, has no address, or is a Unix-domain path.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, ResolveError> {
        let failed = |why: &str| self.unresolved(why, SPELLING);
        let Self::Tcp { host, port } = self else {
            return Err(failed("a Unix-domain socket has no IP address"));
        };
        let addresses: Vec<SocketAddr> = (host.as_str(), *port)
            .to_socket_addrs()
            .map_err(|error| failed(&lookup_reason(&error)))?
            .collect();
        if addresses.is_empty() {
            return Err(failed("the name has no address"));
        }
        Ok(addresses)
    }

    /// Like [`resolve`](Self::resolve), for at most `limit`: the system waits for slow name
    /// servers.
    ///
    /// # Errors
    ///
    /// Those of [`resolve`](Self::resolve), and one if there is no answer in time.
    pub fn resolve_within(&self, limit: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
        if self.address().is_some() {
            return self.resolve();
        }
        let name = self.clone();
        within(limit, move || name.resolve()).unwrap_or_else(|error| {
            Err(match error.kind() {
                ErrorKind::TimedOut => {
                    let why = format!("no answer within {limit:?}");
                    self.unresolved(&why, "does the name server answer?")
                }
                _ => self.unresolved(&reason(&error), SPELLING),
            })
        })
    }

    fn unresolved(&self, why: &str, hint: &str) -> ResolveError {
        ResolveError(format!("cannot find the address of {self} ({why}); {hint}"))
    }

    /// Whether only this machine can reach it: a Unix-domain path, or a host with loopback
    /// addresses only.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the name cannot be looked up.
    pub fn is_local(&self) -> Result<bool, ResolveError> {
        match self {
            Self::Unix(_) => Ok(true),
            Self::Tcp { .. } => Ok(are_loopback(&self.resolve()?)),
        }
    }

    /// Whether a client that connects to this endpoint may reach a server that listens at `server`.
    ///
    /// ```
    /// use proto::net::Endpoint;
    ///
    /// let target: Endpoint = "127.0.0.1:8080".parse()?;
    /// assert!(target.leads_to(&"0.0.0.0:8080".parse()?));
    /// assert!(!target.leads_to(&"127.0.0.2:8080".parse()?));
    /// # Ok::<(), proto::net::ParseEndpointError>(())
    /// ```
    pub fn leads_to(&self, server: &Self) -> bool {
        let addresses = |endpoint: &Self| endpoint.resolve().unwrap_or_default();
        let servers = addresses(server);
        let is_a_server = |target: &SocketAddr| {
            servers.iter().any(|server| {
                let [to, at] = [target, server].map(|address| address.ip().to_canonical());
                let is_any = at.is_unspecified() && to.is_loopback() || to.is_unspecified();
                target.port() == server.port() && (to == at || is_any)
            })
        };
        self == server || addresses(self).iter().any(is_a_server)
    }
}

/// Makes a call that std cannot limit: in a thread, which is abandoned after `limit`.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, result) = mpsc::channel();
    thread::Builder::new()
        .name("waiting".into())
        .spawn(move || done.send(call()))
        .map_err(|error| io::Error::other(start_reason(&error)))?;
    result
        .recv_timeout(limit)
        .map_err(|_| ErrorKind::TimedOut.into())
}

/// Whether all addresses are loopback. An IPv4 address may be IPv4-mapped: `::ffff:127.0.0.1`.
fn are_loopback(addresses: &[SocketAddr]) -> bool {
    let mut ips = addresses.iter().map(|address| address.ip().to_canonical());
    ips.all(|ip| ip.is_loopback())
}

/// std says "failed to lookup address information: Name or service not known"; the second half is
/// the reason.
fn lookup_reason(error: &io::Error) -> String {
    let text = reason(error);
    match text.split_once("address information: ") {
        Some((_, why)) => why.to_lowercase(),
        None => text,
    }
}

/// Why the addresses of a name could not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError(String);

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ResolveError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::in_time;

    #[test]
    fn only_loopback_addresses_are_local() {
        for (text, local) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("unix:/x", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.0.2.1:1", false),
        ] {
            // A system without Unix-domain sockets does not take their paths.
            let Ok(endpoint) = text.parse::<Endpoint>() else {
                assert!(text.starts_with("unix:"));
                continue;
            };
            assert_eq!(endpoint.is_local().unwrap(), local, "{text}");
        }
    }

    #[test]
    fn all_addresses_must_be_loopback() {
        let addresses = ["127.0.0.1:1", "192.0.2.1:1"].map(|text| text.parse().unwrap());
        assert!(are_loopback(&addresses[..1]) && !are_loopback(&addresses));
    }

    #[test]
    fn a_look_up_has_a_time_limit_and_an_address_needs_none() {
        let (_open, blocked) = mpsc::channel::<()>();
        let waiting = move || within(Duration::from_millis(1), move || blocked.recv());
        let error = in_time(waiting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let address: Endpoint = "127.0.0.1:80".parse().unwrap();
        assert!(address.resolve_within(Duration::from_nanos(1)).is_ok());
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        // A name with an empty label fails without a name server, which may be slow.
        let endpoint: Endpoint = "no..such..host:80".parse().unwrap();
        let error = endpoint.resolve().unwrap_err().to_string();
        assert!(error.starts_with("cannot find the address of no..such..host:80 ("));
    }
}
