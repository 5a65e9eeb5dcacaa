//! The page that shows the conversations: one file, live events, and switches that bend the line.
//!
//! It is served on loopback only. A random key keeps other users of the machine out; it and the checks
//! of `Host` and `Origin` keep other pages in the same browser out.

use std::array;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proto::cli::Failure;
use proto::net::{Endpoint, Listener, Stream};
use proto::random::Random;
use proto::socketserver::{Connection, Connections, RequestHandler, ThreadingServer};
use proto::wire::hmac;
use proto::wire::json::Value;
use proto::wire::sha256::hex;

use crate::event::Side;
use crate::http::{Request, answer};
use crate::picture;
use crate::talk::Tap;

/// The page itself.
const PAGE: &str = include_str!("page.html");

/// How many requests there may be at once; a watcher's lasts as long as it watches.
const CALLERS: usize = 16;

/// How often a watcher hears from us where nothing happens, so that one that has gone is noticed.
const QUIET: Duration = Duration::from_secs(5);

/// How long a watcher may take none of what it is sent.
const STUCK: Duration = Duration::from_secs(10);

/// How long a watcher is left alone between two messages: a browser draws sixty times a second.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(30);

/// What all connections to the page share.
struct Shared {
    tap: Arc<Tap>,
    /// What a caller must know.
    key: String,
    /// Where the page is: `127.0.0.1:PORT`.
    here: String,
}

/// One request for the page, its events, its picture, or a change.
struct Caller {
    connection: Connection,
    shared: Arc<Shared>,
}

/// Serves the page on a free port of this machine; its address, with the key.
///
/// # Errors
///
/// Where the system has no port, thread or descriptor left.
pub fn serve(tap: &Arc<Tap>) -> Result<String, Failure> {
    let start = |error| Failure::start("cannot serve the page", &error);
    let listener = Listener::bind(&"127.0.0.1:0".parse::<Endpoint>().map_err(Failure::new)?)?;
    let (here, key) = (listener.endpoint().to_string(), secret());
    let address = format!("http://{here}/#{key}");
    let tap = Arc::clone(tap);
    let shared = Arc::new(Shared { tap, key, here });
    let connections = Connections::new(listener).map_err(start)?;
    let server = ThreadingServer::new(connections, move |connection| Caller {
        connection,
        shared: Arc::clone(&shared),
    })
    .write_timeout(Some(STUCK))
    .max_connections(CALLERS);
    let thread = thread::Builder::new().name("page".into());
    thread
        .spawn(move || server.serve_forever())
        .map_err(start)?;
    Ok(address)
}

/// A key that cannot be guessed. Where std has no better source, as on Windows, it is made of the
/// numbers that the system gives to std's hash tables.
fn secret() -> String {
    let bytes = Random::open().and_then(|random| random.bytes());
    hex(&bytes.unwrap_or_else(|_| array::from_fn(|n| RandomState::new().hash_one(n) as u8)))
}

impl RequestHandler for Caller {
    fn handle(&mut self) {
        let stream = &self.connection.stream;
        // Where this fails the browser has gone.
        let _ = match Request::read(stream) {
            Some(request) => self.shared.respond(stream, &request),
            None => answer(stream, "400 Bad Request", "text/plain", ""),
        };
    }
}

impl Shared {
    fn respond(&self, stream: &Stream, request: &Request) -> io::Result<()> {
        let given = request.query.strip_prefix("key=").unwrap_or_default();
        let has_key = hmac::equal(given.as_bytes(), self.key.as_bytes());
        let (status, kind, body) = match (&*request.method, &*request.path) {
            ("GET", "/") if self.is_ours(request) => ("200 OK", "text/html", PAGE.into()),
            _ if !has_key || !self.is_ours(request) => {
                let words = "open the address that wiretap has printed, with its key\n";
                ("403 Forbidden", "text/plain", words.into())
            }
            ("GET", "/events") => return self.send_events(stream, request),
            ("GET", "/picture.svg") => {
                let picture = picture::draw(&self.tap.journal.kept());
                ("200 OK", "image/svg+xml", picture)
            }
            ("POST", "/bend") => {
                // A value that a person mistypes is no failed request.
                let failed = |why: String| Value::object([("error", why.into())]);
                let said = self.bend(request).map_or_else(failed, |()| self.bends());
                ("200 OK", "application/json", said.to_string())
            }
            _ => (
                "404 Not Found",
                "text/plain",
                "there is nothing here\n".into(),
            ),
        };
        answer(stream, status, kind, &body)
    }

    /// Whether a browser asks for the page itself, and not for another page that names this
    /// address (by its own script, or by a name that leads here).
    fn is_ours(&self, request: &Request) -> bool {
        let origin = format!("http://{}", self.here);
        request.headers("host").eq([&*self.here])
            && request.headers("origin").all(|known| known == origin)
    }

    /// Changes what the header `Bend: SIDE NAME VALUE` says.
    fn bend(&self, request: &Request) -> Result<(), String> {
        let said = request.headers("bend").next().unwrap_or_default();
        let mut words = said.splitn(3, ' ').chain([""; 3]);
        let [side, name, value] = std::array::from_fn(|_| words.next().unwrap_or_default());
        let side = Side::named(side).ok_or("the side is neither client nor server")?;
        self.tap.options.line.set(side, name, value.as_ref())
    }

    /// The settings of both directions.
    fn bends(&self) -> Value {
        let of = |side: Side| {
            let settings = self.tap.options.line.all(side, self.tap.options.traffic);
            let settings = settings.map(|(name, value)| (name.to_owned(), value.into()));
            (side.name(), Value::Object(settings.collect()))
        };
        Value::object(Side::BOTH.map(of))
    }

    /// Sends events as they come, until the browser leaves or there will be no more.
    fn send_events(&self, mut stream: &Stream, request: &Request) -> io::Result<()> {
        // A browser that lost the connection says what it had last.
        let mut had = request.headers("last-event-id");
        let mut seen = had.next().and_then(|seen| seen.parse().ok()).unwrap_or(0);
        answer(stream, "200 OK", "text/event-stream", "")?;
        loop {
            let news = self.tap.journal.after(seen, QUIET);
            seen = news.seen;
            let mut message = format!("event: bends\ndata: {}\n\n", self.bends());
            // Writing to a String cannot fail.
            if news.lost > 0 {
                let _ = write!(message, "event: lost\ndata: {}\n\n", news.lost);
            }
            if !news.events.is_empty() {
                let list: Vec<_> = news.events.iter().map(|event| event.to_json()).collect();
                let _ = write!(message, "id: {seen}\ndata: [{}]\n\n", list.join(","));
            }
            if news.is_complete {
                message.push_str("event: complete\ndata:\n\n");
            }
            stream.write_all(message.as_bytes())?;
            if news.is_complete {
                return Ok(());
            }
            thread::sleep(BETWEEN_MESSAGES);
        }
    }
}
