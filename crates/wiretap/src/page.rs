//! The page that shows the conversations: one file, live events, and switches that bend the line.
//!
//! It is served only on loopback. A random key keeps other users of the machine out; the key and
//! the checks of `Host` and `Origin` keep out other pages in the same browser.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use proto::cli::{Failure, start_thread};
use proto::net::{DeadlineStream, Listener, Stream, lingering_close};
use proto::random::Random;
use proto::socketserver::{Connection, Connections, Stopper, ThreadingServer};
use proto::wire::hmac;
use proto::wire::json::Value;
use proto::wire::sha256::hex;

use crate::bend::Bend;
use crate::event::Side;
use crate::picture;
use crate::tap::Tap;

/// The page itself.
const PAGE: &str = include_str!("page.html");

/// The answer to a request without the key.
const KEY: &str = "open the address that wiretap has printed, with its key\n";

/// How many requests there may be at once; the request for events lasts as long as the page is
/// open.
const CALLERS: usize = 16;

/// The maximum size of a request in bytes, and the time limit for receiving it.
const LONGEST: u64 = 8 * 1024;
const TIME: Duration = Duration::from_secs(5);

/// How long a write to a browser may block.
const STUCK: Duration = Duration::from_secs(10);

/// The headers of every response: only this page may use it, and no cache stores it.
const HEADERS: &str = "Cache-Control: no-store\r\n\
    Connection: close\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; connect-src 'self'; img-src data:; frame-ancestors 'none'; \
    base-uri 'none'; form-action 'none'\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n";

/// The state that all connections to the page share.
struct Page {
    tap: &'static Tap,
    /// The key that a request must have.
    key: String,
    /// The address of the page: `127.0.0.1:PORT`.
    here: String,
}

/// Serves the page on a free loopback port, and returns its address with the key, what stops it,
/// and its thread.
pub fn serve(tap: &'static Tap) -> Result<(String, Stopper, JoinHandle<usize>), Failure> {
    let start = |error| Failure::start("cannot serve the page", &error);
    let listener = Listener::bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let (here, key) = (listener.endpoint().to_string(), secret());
    let address = format!("http://{here}/#{key}");
    let page = &*Box::leak(Box::new(Page { tap, key, here }));
    let connections = Connections::new(listener).map_err(start)?;
    let server = ThreadingServer::new(connections, move |connection: Connection| {
        move || {
            // It fails only if the browser has gone. A request that is too long is not read whole;
            // closing at once could lose the answer.
            let _ = page.serve(&connection.stream);
            lingering_close(&connection.stream);
        }
    })
    .write_timeout(Some(STUCK))
    .max_connections(CALLERS);
    let stopper = server.stopper();
    let serving = start_thread("page", move || server.serve_forever())?;
    Ok((address, stopper, serving))
}

/// A key that cannot be guessed. If std has no better source, as on Windows, it is made from the
/// random seeds of std's hash tables.
fn secret() -> String {
    let bytes = Random::open().and_then(|random| random.bytes());
    hex(&bytes.unwrap_or_else(|_| array::from_fn(|n| RandomState::new().hash_one(n) as u8)))
}

/// Reads the head of an HTTP request; `None` if it is cut, too long or not text.
fn read_head(stream: impl Read) -> Option<String> {
    let mut stream = BufReader::new(stream.take(LONGEST));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// Splits the head into the method and path (`GET /events`), the key, and the headers.
fn parse(head: &str) -> Option<(&str, &str, &str)> {
    let (first, headers) = head.split_once("\r\n")?;
    let what = first.strip_suffix(" HTTP/1.1")?;
    let (what, key) = what.split_once("?key=").unwrap_or((what, ""));
    Some((what, key, headers))
}

/// The values of a header.
fn values<'a>(headers: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = headers.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.filter(move |(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// Writes a response, or its beginning; it ends when the connection closes.
fn respond(mut stream: &Stream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\n{HEADERS}\r\n");
    stream.write_all((head + body).as_bytes())
}

impl Page {
    /// Serves one request: for the page, its events, its picture, or a change of the settings.
    fn serve(&self, stream: &Stream) -> io::Result<()> {
        let head = read_head(DeadlineStream::after(stream, TIME)).unwrap_or_default();
        let Some((what, key, headers)) = parse(&head) else {
            return respond(stream, "400 Bad Request", "text/plain", "");
        };
        let has_key = hmac::equal(key.as_bytes(), self.key.as_bytes());
        let (status, kind, body) = match what {
            "GET /" if self.is_ours(headers) => ("200 OK", "text/html", PAGE.into()),
            _ if !has_key || !self.is_ours(headers) => ("403 Forbidden", "text/plain", KEY.into()),
            "GET /events" => return self.send_events(stream, headers),
            "GET /picture.svg" => ("200 OK", "image/svg+xml", picture::draw(&self.tap.kept())),
            "POST /bend" => {
                // A mistyped value is answered with 200 and the error, which the page then shows.
                let failed = |why: String| Value::object([("error", why.into())]);
                let said = self.bend(headers).map_or_else(failed, |()| self.bends());
                ("200 OK", "application/json", said.to_string())
            }
            _ => ("404 Not Found", "text/plain", "no such page\n".into()),
        };
        respond(stream, status, kind, &body)
    }

    /// Whether the request comes from this page, and not from another page in the browser that uses
    /// this address in a script, or through a DNS name (DNS rebinding).
    fn is_ours(&self, headers: &str) -> bool {
        let mut origins = values(headers, "origin");
        values(headers, "host").eq([&*self.here])
            && origins.all(|origin| origin.strip_prefix("http://") == Some(&self.here))
    }

    /// Changes the setting that the header `Bend: NAME SIDE:VALUE` names.
    fn bend(&self, headers: &str) -> Result<(), String> {
        let said = values(headers, "bend").next().unwrap_or_default();
        let (name, value) = said.split_once(' ').unwrap_or_default();
        let options = self.tap.options;
        let bend = options.bends().0.iter().find(|bend| bend.1 == name);
        let bend = bend.ok_or_else(|| format!("{name:?} is not a setting of this traffic"))?;
        options.line.set(*bend, value.as_ref())
    }

    /// The settings of both directions.
    fn bends(&self) -> Value {
        let options = self.tap.options;
        Value::object(Side::BOTH.map(|side| {
            let shown = |bend: &Bend| (bend.1.to_owned(), options.line.shown(side, *bend).into());
            let settings = options.bends().0.iter().map(shown);
            (side.name(), Value::Object(settings.collect()))
        }))
    }

    /// Sends events as they come, until the browser disconnects or no more will come.
    fn send_events(&self, mut stream: &Stream, headers: &str) -> io::Result<()> {
        // A browser that reconnects sends the ID of its last event.
        let mut had = values(headers, "last-event-id");
        let mut seen = had.next().and_then(|seen| seen.parse().ok()).unwrap_or(0);
        let bends = format!("event: bends\ndata: {}\n\n", self.bends());
        respond(stream, "200 OK", "text/event-stream", &bends)?;
        loop {
            let (events, lost, is_complete) = self.tap.after(&mut seen);
            let list: Vec<_> = events.iter().map(|event| event.to_json()).collect();
            let (bends, list) = (self.bends(), list.join(","));
            // The page counts what was lost, and takes an empty list.
            let message = format!(
                "event: bends\ndata: {bends}\n\nevent: lost\ndata: {lost}\n\nid: {seen}\ndata: [{list}]\n\n"
            );
            stream.write_all(message.as_bytes())?;
            if is_complete {
                return stream.write_all(b"event: complete\ndata:\n\n");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_in_its_parts() {
        let sent =
            b"GET /bend?key=ab HTTP/1.1\r\nHost: a\r\nORIGIN:  b \r\nBend: chop server:2\r\n\r\n";
        let head = read_head(&sent[..]).unwrap();
        let (what, key, headers) = parse(&head).unwrap();
        assert_eq!((what, key), ("GET /bend", "ab"));
        for (name, value) in [("host", "a"), ("origin", "b"), ("bend", "chop server:2")] {
            assert_eq!(values(headers, name).collect::<Vec<_>>(), [value]);
        }
    }

    #[test]
    fn a_malformed_request_is_none() {
        for sent in [
            &b"GET /\r\n\r\n"[..],
            b"GET / HTTP/1.1 more\r\n\r\n",
            b"GET / SPDY/3\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: cut",
            b"\xff / HTTP/1.1\r\n\r\n",
            b"",
        ] {
            let head = read_head(sent).unwrap_or_default();
            assert_eq!(parse(&head), None, "{}", sent.escape_ascii());
        }
    }
}
