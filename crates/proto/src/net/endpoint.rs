//! The address of a server as a user writes it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::escape::{quoted, shown_path};
use crate::sys::HAS_UNIX_SOCKETS;

/// Where a server listens or a client connects: `host:port`, `[v6]:port` or `unix:PATH`. A
/// link-local address names its interface: `[fe80::1%eth0]:port`.
///
/// Python: the tuple `('127.0.0.1', 8080)`, or a path for an `AF_UNIX` socket.
///
/// ```
/// use proto::net::Endpoint;
///
/// let endpoint: Endpoint = "[::1]:8080".parse()?;
/// assert_eq!(endpoint.to_string(), "[::1]:8080");
/// assert!("localhost".parse::<Endpoint>().is_err());
/// # Ok::<(), proto::net::ParseEndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host (without brackets) and a port. For a server, port 0 means any free port.
    Tcp {
        /// An IPv4 or IPv6 address, or a name.
        host: String,
        /// 0 to 65535.
        port: u16,
    },
    /// The path of a Unix-domain socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// Like [`from_str`](Self::from_str), but adds `port` to a host or an address without one.
    ///
    /// # Errors
    ///
    /// [`ParseEndpointError`].
    ///
    /// ```
    /// use proto::net::Endpoint;
    ///
    /// for (text, endpoint) in [
    ///     ("localhost", "localhost:8000"),
    ///     ("::1", "[::1]:8000"),
    ///     ("[::1]", "[::1]:8000"),
    ///     ("localhost:80", "localhost:80"),
    /// ] {
    ///     assert_eq!(Endpoint::parse_with_port(text, 8000)?.to_string(), endpoint);
    /// }
    /// # Ok::<(), proto::net::ParseEndpointError>(())
    /// ```
    pub fn parse_with_port(text: &str, port: u16) -> Result<Self, ParseEndpointError> {
        let whole = if is_v6(text) {
            format!("[{text}]:{port}")
        } else if !text.is_empty() && (!text.contains(':') || text.ends_with(']')) {
            format!("{text}:{port}")
        } else {
            text.to_owned()
        };
        whole.parse().map_err(|error| ParseEndpointError {
            text: text.to_owned(),
            ..error
        })
    }

    /// The port; a Unix-domain path has none.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp { port, .. } => Some(*port),
            Self::Unix(_) => None,
        }
    }

    /// The address, unless the host is a name.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp { host, port } => Some((host.parse::<IpAddr>().ok()?, *port).into()),
            Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let mut host = address.ip().to_string();
        if let SocketAddr::V6(v6) = address
            && v6.scope_id() != 0
        {
            host = format!("{host}%{}", v6.scope_id());
        }
        Self::Tcp {
            host,
            port: address.port(),
        }
    }
}

/// Any free port on 127.0.0.1.
impl Default for Endpoint {
    fn default() -> Self {
        Self::from(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", shown_path(path)),
        }
    }
}

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |rule| ParseEndpointError {
            text: text.to_owned(),
            rule,
        };
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() || path.contains('\0') {
                return Err(wrong("a path must follow unix:"));
            }
            if !HAS_UNIX_SOCKETS {
                let why = "there are no Unix-domain sockets on this system; use host:port";
                return Err(wrong(why));
            }
            return Ok(Self::Unix(path.into()));
        }
        if text.contains("://") {
            let rule = "leave out the scheme and the path: host:port is enough";
            return Err(wrong(rule));
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| wrong("it has no port, as in 127.0.0.1:8080"))?;
        let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(inner) if is_v6(inner) => inner,
            Some(_) => return Err(wrong("only an IPv6 address may be in brackets")),
            None if host.contains(':') => {
                return Err(wrong(
                    "an endpoint is host:port or unix:PATH, and an IPv6 address needs brackets, \
                     as in [::1]:8080",
                ));
            }
            None => host,
        };
        // A number alone is a port. getaddrinfo would take it for an IPv4 address.
        if host.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("it has no host, as in 127.0.0.1:8080"));
        }
        if host
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '[' || c == ']')
        {
            return Err(wrong("the host is not a name or an address"));
        }
        let port =
            parse_port(port).ok_or_else(|| wrong("the port is not a number from 0 to 65535"))?;
        Ok(Self::Tcp {
            host: host.to_owned(),
            port,
        })
    }
}

/// A link-local address may end with its zone, the interface: `%eth0` or `%2` (RFC 4007).
fn is_v6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "any"));
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty()
}

/// Only ASCII digits: `u16::from_str` would also take `+80`.
fn parse_port(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseEndpointError {
    text: String,
    rule: &'static str,
}

impl fmt::Display for ParseEndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not an endpoint ({})",
            quoted(self.text.as_bytes(), 200),
            self.rule
        )
    }
}

impl std::error::Error for ParseEndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_shown_as_it_was_written() {
        for text in [
            "127.0.0.1:0",
            "127.0.0.1:1",
            "localhost:22",
            "[::1]:65535",
            "[fe80::1%eth0]:1",
            "unix:/tmp/a b",
            "unix:relative",
        ] {
            match text.parse::<Endpoint>() {
                Ok(endpoint) => assert_eq!(endpoint.to_string(), text),
                Err(error) => assert!(!HAS_UNIX_SOCKETS && text.starts_with("unix:"), "{error}"),
            }
        }
    }

    #[test]
    fn the_default_is_any_port_of_this_machine_alone() {
        assert_eq!(Endpoint::default().to_string(), "127.0.0.1:0");
    }

    #[test]
    fn ports_are_plain_decimal_numbers() {
        for port in [
            "65536",
            "131073",
            "-1",
            "+1",
            "2000blah",
            "blah2000",
            "",
            " 80",
            "80 ",
            "８０００",
            "0x10",
            "000080",
        ] {
            let text = format!("127.0.0.1:{port}");
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("from 0 to 65535"), "{text}: {error}");
        }
    }

    /// What users of nc, socat and curl write.
    #[test]
    fn what_is_no_endpoint_gets_a_hint_that_fits() {
        for (text, hint) in [
            ("8080", "it has no port"),
            ("8080:8080", "it has no host"),
            ("TCP:127.0.0.1:80", "is host:port or unix:PATH"),
            ("::1:80", "needs brackets"),
            ("http://127.0.0.1:80/", "leave out the scheme"),
            ("HTTP://127.0.0.1:80/", "leave out the scheme"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
        let path = "unix:///tmp/x".parse::<Endpoint>();
        assert_eq!(path.is_ok(), HAS_UNIX_SOCKETS);
    }

    #[test]
    fn invalid_hosts_are_refused() {
        for text in [
            ":8080", "[::1]", "[::1", "[x]:1", "[x%lo]:1", "[::1%]:1", "a b:1", "unix:", "",
            "a\n:1",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_zone_of_an_address_is_kept() {
        let endpoint: Endpoint = "[fe80::1%7]:80".parse().unwrap();
        let addresses = endpoint.resolve().unwrap();
        assert_eq!(addresses, ["[fe80::1%7]:80".parse().unwrap()]);
        assert_eq!(Endpoint::from(addresses[0]), endpoint);
    }
}
