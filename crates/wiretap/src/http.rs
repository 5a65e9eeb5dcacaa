//! As much of HTTP/1.1 as the page needs: one request a connection, with limits on all of it.

use std::io::{self, Read, Write};
use std::time::Duration;

use proto::net::{DeadlineStream, Stream};

use crate::record::unhex;

/// The longest request that is read, its body included.
const LONGEST: usize = 8 * 1024;

/// How long a request may take to come.
const TIME: Duration = Duration::from_secs(5);

/// A request, as far as the page uses one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    query: String,
    /// The lines after the first.
    headers: String,
}

impl Request {
    /// Reads a request; `None` where it is not one, is too long or takes too long.
    pub fn read(stream: &Stream) -> Option<Self> {
        let mut head = Vec::new();
        let mut deadline = DeadlineStream::after(stream, TIME);
        let mut buffer = [0; 1024];
        loop {
            if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
                return Self::parse(&head[..end]);
            }
            match deadline.read(&mut buffer) {
                Ok(count @ 1..) if head.len() + count <= LONGEST => head.extend(&buffer[..count]),
                _ => return None,
            }
        }
    }

    /// Reads a head without the empty line at its end.
    fn parse(head: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(head).ok()?;
        let (line, headers) = text.split_once("\r\n").unwrap_or((text, ""));
        let (method, rest) = line.split_once(' ')?;
        let (target, version) = rest.split_once(' ')?;
        if !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
            return None;
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.into(),
        })
    }

    /// A parameter of the query; empty where it is missing or badly escaped.
    pub fn parameter(&self, name: &str) -> String {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(known, _)| *known == name);
        found
            .and_then(|(_, value)| unescape(value))
            .unwrap_or_default()
    }

    /// The values of a header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.headers.lines().filter_map(|line| line.split_once(':'));
        let found = pairs.filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }
}

/// `%41` is `A`, `+` a space.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                *unhex(std::str::from_utf8(&digits).ok()?)?.first()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What every answer says: only this page may use it, and nothing keeps it.
const HEADERS: &str = "Cache-Control: no-store\r\n\
    Connection: close\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n";

/// Writes a whole answer.
///
/// # Errors
///
/// Those of the connection.
pub fn answer(mut stream: &Stream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n{HEADERS}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())
}

/// Begins an answer that goes on: server-sent events.
///
/// # Errors
///
/// Those of the connection.
pub fn begin_events(mut stream: &Stream) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{HEADERS}\r\n");
    stream.write_all(head.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_in_its_parts() {
        let head =
            b"GET /bend?name=rate&value=1%2Fs+%C3%A9&bad=%4&worse=%+1 HTTP/1.1\r\nHost: a\r\nORIGIN:  b ";
        let request = Request::parse(head).unwrap();
        assert_eq!((&*request.method, &*request.path), ("GET", "/bend"));
        assert_eq!(request.parameter("value"), "1/s \u{e9}");
        for name in ["key", "bad", "worse"] {
            assert_eq!(request.parameter(name), "");
        }
        assert_eq!(request.headers("host").collect::<Vec<_>>(), ["a"]);
        assert_eq!(request.headers("origin").collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn what_is_no_request_is_none() {
        for head in [
            &b"GET /"[..],
            b"GET / HTTP/1.1 more",
            b"GET / SPDY/3",
            b"\xff / HTTP/1.1",
            b"",
        ] {
            assert_eq!(Request::parse(head), None, "{}", head.escape_ascii());
        }
    }
}
