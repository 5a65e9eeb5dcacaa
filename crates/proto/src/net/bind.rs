//! Binding to the addresses of a name, and why that fails.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::endpoint::Endpoint;
use super::resolve::ResolveError;
use crate::reason;
use crate::sys::{PORT_DENIED, who_has_port};

/// How often port 0 is tried until the chosen port is free on all addresses of a name.
const PORT_TRIES: usize = 10;

/// Binds to each of the addresses that this machine has, on one port. `bind` returns the port.
pub(super) fn bind_each<T>(
    mut addresses: Vec<SocketAddr>,
    is_udp: bool,
    bind: impl Fn(SocketAddr) -> io::Result<(u16, T)>,
) -> Result<Vec<T>, BindError> {
    addresses.dedup();
    // A port that the kernel chooses for the first address may be in use at another.
    let chosen = addresses.iter().any(|address| address.port() == 0);
    let tries = if chosen { PORT_TRIES } else { 1 };
    let mut bound = Ok(Vec::new());
    for _ in 0..tries {
        bound = bind_with_one_port(&addresses, &bind);
        if bound.is_ok() {
            break;
        }
    }
    bound.map_err(|(address, source)| BindError::Failed {
        endpoint: address.into(),
        is_udp,
        source,
    })
}

/// Fails if an address is in use, because clients that connect by the name would reach the other
/// server, or if this machine has none of the addresses.
fn bind_with_one_port<T>(
    addresses: &[SocketAddr],
    bind: impl Fn(SocketAddr) -> io::Result<(u16, T)>,
) -> Result<Vec<T>, (SocketAddr, io::Error)> {
    let mut all = Vec::new();
    let mut port = None;
    let mut last = None;
    for mut address in addresses.iter().copied() {
        address.set_port(port.unwrap_or(address.port()));
        match bind(address) {
            Ok((chosen, bound)) => {
                port = Some(chosen);
                all.push(bound);
            }
            Err(source) if source.kind() == ErrorKind::AddrInUse => return Err((address, source)),
            Err(source) => last = Some((address, source)),
        }
    }
    match last {
        Some(failed) if all.is_empty() => Err(failed),
        _ => Ok(all),
    }
}

/// Why a server could not listen.
#[derive(Debug)]
pub enum BindError {
    /// The name has no address.
    Resolve(ResolveError),
    /// The system refused, or a socket file is not safe there.
    Failed {
        /// The endpoint.
        endpoint: Endpoint,
        /// Whether it is for datagrams.
        is_udp: bool,
        /// The system's error, or why a socket file is not safe.
        source: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (endpoint, is_udp, source) = match self {
            Self::Resolve(error) => return error.fmt(f),
            Self::Failed {
                endpoint,
                is_udp,
                source,
            } => (endpoint, *is_udp, source),
        };
        let why = reason(source);
        let Some(port) = endpoint.port() else {
            return match source.kind() {
                ErrorKind::AddrInUse => write!(
                    f,
                    "{endpoint} is already in use by a running server; stop that one, or choose \
                     another path"
                ),
                _ => write!(f, "cannot listen on {endpoint}: {why}"),
            };
        };
        let by = match is_udp {
            true => "by another program",
            false => "by a running server, or by connections that one has left in TIME_WAIT",
        };
        match source.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "{endpoint} is already in use ({by}); see: {}",
                who_has_port(port, is_udp)
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
    use std::cell::RefCell;

    /// Returns the result of `bind_each` for these addresses, and the addresses that it tried. Port
    /// 0 becomes 1001, then 1002 and so on; other ports are free if `is_free`. This machine does
    /// not have 192.0.2.1.
    fn bind_all(
        addresses: &[&str],
        is_free: fn(u16) -> bool,
    ) -> (Result<Vec<String>, String>, Vec<String>) {
        let tried = RefCell::new(Vec::new());
        let bind = |mut address: SocketAddr| {
            let mut tried = tried.borrow_mut();
            tried.push(address.to_string());
            if address.ip().to_string() == "192.0.2.1" {
                return Err(ErrorKind::AddrNotAvailable.into());
            }
            if address.port() == 0 {
                let choices = tried.iter().filter(|text| text.ends_with(":0"));
                address.set_port(1000 + choices.count() as u16);
            } else if !is_free(address.port()) {
                return Err(ErrorKind::AddrInUse.into());
            }
            Ok((address.port(), address.to_string()))
        };
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let bound = bind_each(addresses.collect(), false, bind);
        let bound = bound.map_err(|error| error.to_string());
        (bound, tried.into_inner())
    }

    #[test]
    fn a_chosen_port_in_use_at_another_address_is_replaced() {
        let (bound, tried) = bind_all(&["[::1]:0", "127.0.0.1:0"], |port| port == 1002);
        assert_eq!(bound.unwrap(), ["[::1]:1002", "127.0.0.1:1002"]);
        assert_eq!(
            tried,
            ["[::1]:0", "127.0.0.1:1001", "[::1]:0", "127.0.0.1:1002"]
        );
        let (bound, tried) = bind_all(&["[::1]:0", "127.0.0.1:0"], |_| false);
        assert!(
            bound
                .unwrap_err()
                .starts_with("127.0.0.1:1010 is already in use")
        );
        assert_eq!(tried.len(), 2 * PORT_TRIES);
    }

    #[test]
    fn a_given_port_is_tried_once() {
        let (bound, tried) = bind_all(&["[::1]:80", "127.0.0.1:80"], |_| false);
        assert!(bound.unwrap_err().starts_with("[::1]:80 is already in use"));
        assert_eq!(tried, ["[::1]:80"]);
    }

    #[test]
    fn addresses_of_other_machines_and_duplicates_are_skipped() {
        let addresses = ["192.0.2.1:80", "127.0.0.1:80", "127.0.0.1:80"];
        let (bound, tried) = bind_all(&addresses, |_| true);
        assert_eq!(bound.unwrap(), ["127.0.0.1:80"]);
        assert_eq!(tried, addresses[..2]);
        let (bound, _) = bind_all(&addresses[..1], |_| true);
        let words = bound.unwrap_err();
        assert!(
            words.starts_with("cannot listen on 192.0.2.1:80 ("),
            "{words}"
        );
    }
}
