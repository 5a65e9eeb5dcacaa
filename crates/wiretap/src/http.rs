//! The part of HTTP/1.1 that the page needs: one request per connection, with limits on its size
//! and time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use proto::net::{DeadlineStream, Stream};

/// The maximum size of a request in bytes, and the time limit for receiving it.
const LONGEST: u64 = 8 * 1024;
const TIME: Duration = Duration::from_secs(5);

/// A request without a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    headers: Vec<String>,
}

impl Request {
    /// Reads a request; `None` if it is malformed, too long or too late.
    pub fn read(stream: &Stream) -> Option<Self> {
        Self::parse(DeadlineStream::after(stream, TIME).take(LONGEST))
    }

    fn parse(stream: impl Read) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let first = lines.next()?;
        let words: Vec<_> = first.split(' ').collect();
        let [method, target, "HTTP/1.0" | "HTTP/1.1"] = words[..] else {
            return None;
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: Vec::new(),
        };
        loop {
            match lines.next()? {
                line if line.is_empty() => return Some(request),
                line => request.headers.push(line),
            }
        }
    }

    /// The values of a header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        let found = pairs.filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }
}

/// The headers of every response: only this page may use it, and no cache stores it.
const HEADERS: &str = "Cache-Control: no-store\r\n\
    Connection: close\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n";

/// Writes a response, or its beginning; it ends when the connection closes.
///
/// # Errors
///
/// Those of the connection.
pub fn answer(mut stream: &Stream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\n{HEADERS}\r\n{body}");
    stream.write_all(answer.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_in_its_parts() {
        let head =
            b"GET /bend?abc HTTP/1.1\r\nHost: a\r\nORIGIN:  b \r\nBend: server chop 2\r\n\r\n";
        let request = Request::parse(&head[..]).unwrap();
        assert_eq!(
            (&*request.method, &*request.path, &*request.query),
            ("GET", "/bend", "abc")
        );
        for (name, value) in [("host", "a"), ("origin", "b"), ("bend", "server chop 2")] {
            assert_eq!(request.headers(name).collect::<Vec<_>>(), [value]);
        }
    }

    #[test]
    fn a_malformed_request_is_none() {
        for head in [
            &b"GET /\r\n\r\n"[..],
            b"GET / HTTP/1.1 more\r\n\r\n",
            b"GET / SPDY/3\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: cut",
            b"\xff / HTTP/1.1\r\n\r\n",
            b"",
        ] {
            assert_eq!(Request::parse(head), None, "{}", head.escape_ascii());
        }
    }
}
