//! The page that shows the conversations: one file, live events, and switches that bend the line.
//!
//! It is served on loopback only. A random key keeps other users of the machine out; the checks of
//! `Host`, `Origin` and `Sec-Fetch-Site` keep other pages in the same browser out.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use proto::net::Stream;
use proto::socketserver::{Connection, RequestHandler};
use proto::wire::hmac;
use proto::wire::json::Value;

use crate::event::Side;
use crate::http::{Request, answer, begin_events};
use crate::tap::Tap;
use crate::{picture, record};

/// The page itself.
const PAGE: &str = include_str!("page.html");

/// How often a watcher hears from us where nothing happens, so that one that has gone is noticed.
const QUIET: Duration = Duration::from_secs(5);

/// How long a watcher may take none of what it is sent.
const STUCK: Duration = Duration::from_secs(10);

/// How long a watcher is left alone between two messages: a browser draws sixty times a second.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(30);

/// What all connections to the page share.
#[derive(Debug)]
pub struct Shared {
    /// What is shown.
    pub tap: Arc<Tap>,
    /// What a caller must know.
    pub key: String,
    /// Where the page is: `127.0.0.1:PORT`.
    pub here: String,
}

/// One request for the page, its events, its picture, or a change.
pub struct Caller {
    connection: Connection,
    shared: Arc<Shared>,
}

impl Caller {
    /// A handler for a connection that was just accepted.
    pub fn new(connection: Connection, shared: Arc<Shared>) -> Self {
        Self { connection, shared }
    }
}

impl RequestHandler for Caller {
    fn handle(&mut self) {
        let stream = &self.connection.stream;
        // Where this fails the browser has gone.
        let _ = stream.set_write_timeout(Some(STUCK));
        let _ = match Request::read(stream) {
            Some(request) => self.shared.respond(stream, &request),
            None => plain(
                stream,
                "400 Bad Request",
                "this is no request that the page makes",
            ),
        };
    }
}

fn plain(stream: &Stream, status: &str, words: &str) -> io::Result<()> {
    answer(stream, status, "text/plain", &format!("{words}\n"))
}

impl Shared {
    fn respond(&self, stream: &Stream, request: &Request) -> io::Result<()> {
        if !self.is_ours(request) {
            let words =
                "the page answers only to itself; open the address that wiretap has printed";
            return plain(stream, "403 Forbidden", words);
        }
        let key = request.parameter("key");
        let has_key = hmac::equal(key.as_bytes(), self.key.as_bytes());
        match (&*request.method, &*request.path) {
            ("GET", "/") => answer(stream, "200 OK", "text/html", PAGE),
            (_, "/events" | "/picture.svg" | "/bend") if !has_key => {
                let words = "the key is wrong; open the address that wiretap has printed";
                plain(stream, "403 Forbidden", words)
            }
            ("GET", "/events") => self.send_events(stream, request),
            ("GET", "/picture.svg") => {
                let picture = picture::draw(&self.tap.journal.kept());
                answer(stream, "200 OK", "image/svg+xml", &picture)
            }
            ("POST", "/bend") => {
                // A value that a person mistypes is no failed request.
                let bends = self.bend(request).map_or_else(
                    |why| Value::object([("error", why.as_str().into())]).to_string(),
                    |()| self.bends(),
                );
                answer(stream, "200 OK", "application/json", &bends)
            }
            (_, "/" | "/events" | "/picture.svg" | "/bend") => {
                plain(stream, "405 Method Not Allowed", "not with this method")
            }
            _ => plain(stream, "404 Not Found", "there is nothing here"),
        }
    }

    /// Whether a browser asks for the page itself, and not for another page that names this
    /// address (by its own script, or by a name that leads here).
    fn is_ours(&self, request: &Request) -> bool {
        let port = self.here.rsplit(':').next().unwrap_or_default();
        let names = [self.here.clone(), format!("localhost:{port}")];
        let is_here = |host: &str| names.iter().any(|name| name == host);
        let mut hosts = request.headers("host");
        let has_one_host = hosts.next().is_some_and(is_here) && hosts.next().is_none();
        let has_our_origin = request
            .headers("origin")
            .all(|origin| origin.strip_prefix("http://").is_some_and(is_here));
        let is_same_site = request
            .headers("sec-fetch-site")
            .all(|site| matches!(site, "same-origin" | "none"));
        has_one_host && has_our_origin && is_same_site
    }

    fn bend(&self, request: &Request) -> Result<(), String> {
        let (name, to) = (request.parameter("name"), request.parameter("value"));
        match Side::named(&request.parameter("from")) {
            Some(side) => self.tap.line.set(side, &name, to.as_ref()),
            None => Err("from is neither client nor server".into()),
        }
    }

    /// The settings of both directions, as JSON.
    fn bends(&self) -> String {
        let of = |side| {
            let bends = self.tap.line.bends(side);
            let settings: Vec<_> = bends
                .all()
                .map(|(name, value)| format!("\"{name}\": \"{value}\""))
                .collect();
            format!("\"{side}\": {{{}}}", settings.join(", "))
        };
        format!("{{{}}}", Side::BOTH.map(of).join(", "))
    }

    /// Sends events as they come, until the browser leaves or there will be no more.
    fn send_events(&self, mut stream: &Stream, request: &Request) -> io::Result<()> {
        // A browser that lost the connection says what it had last.
        let mut had = request.headers("last-event-id");
        let mut seen = had.next().and_then(|seen| seen.parse().ok()).unwrap_or(0);
        begin_events(stream)?;
        let mut told = String::new();
        loop {
            let news = self.tap.journal.after(seen, QUIET);
            seen = news.seen;
            let mut message = String::new();
            let bends = self.bends();
            if bends != told {
                let _ = write!(message, "event: bends\ndata: {bends}\n\n");
                told = bends;
            }
            if news.lost > 0 {
                let _ = write!(message, "event: lost\ndata: {}\n\n", news.lost);
            }
            if !news.events.is_empty() {
                let lines: Vec<_> = news
                    .events
                    .iter()
                    .map(|event| record::line(event))
                    .collect();
                let list = lines.join(",").replace('\n', "");
                let _ = write!(message, "id: {seen}\ndata: [{list}]\n\n");
            }
            if news.is_complete {
                message.push_str("event: complete\ndata:\n\n");
            }
            if message.is_empty() {
                message.push_str(":\n\n");
            }
            stream.write_all(message.as_bytes())?;
            if news.is_complete {
                return Ok(());
            }
            std::thread::sleep(BETWEEN_MESSAGES);
        }
    }
}
