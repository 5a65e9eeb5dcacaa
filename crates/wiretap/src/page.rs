//! The page that shows the conversations: one file, live events, and switches that bend the line.
//!
//! It is served only on loopback. A random key keeps other users of the machine out; the key and
//! the checks of `Host` and `Origin` keep out other pages in the same browser.

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
use proto::socketserver::{Connection, Connections, RequestHandler, Stopper, ThreadingServer};
use proto::wire::hmac;
use proto::wire::json::Value;
use proto::wire::sha256::hex;

use crate::event::Side;
use crate::http::{Request, answer};
use crate::picture;
use crate::talk::Tap;

/// The page itself.
const PAGE: &str = include_str!("page.html");

/// How many requests there may be at once; the request for events lasts as long as the page is
/// open.
const CALLERS: usize = 16;

/// How often wiretap writes to a browser while there are no events, to notice one that has gone.
const QUIET: Duration = Duration::from_secs(5);

/// How long a write to a browser may block.
const STUCK: Duration = Duration::from_secs(10);

/// The pause between two messages to a browser, which draws only 60 times a second.
const BETWEEN_MESSAGES: Duration = Duration::from_millis(30);

/// The state that all connections to the page share.
struct Shared {
    tap: Arc<Tap>,
    /// The key that a request must have.
    key: String,
    /// The address of the page: `127.0.0.1:PORT`.
    here: String,
}

/// One request: for the page, its events, its picture, or a change of the settings.
struct Caller {
    connection: Connection,
    shared: Arc<Shared>,
}

/// Serves the page on a free loopback port, and returns its address with the key, and what stops
/// it.
pub fn serve(tap: &Arc<Tap>) -> Result<(String, Stopper), Failure> {
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
    let stopper = server.stopper();
    let thread = thread::Builder::new().name("page".into());
    thread
        .spawn(move || server.serve_forever())
        .map_err(start)?;
    Ok((address, stopper))
}

/// A key that cannot be guessed. If std has no better source, as on Windows, it is made from the
/// random seeds of std's hash tables.
fn secret() -> String {
    let bytes = Random::open().and_then(|random| random.bytes());
    hex(&bytes.unwrap_or_else(|_| array::from_fn(|n| RandomState::new().hash_one(n) as u8)))
}

impl RequestHandler for Caller {
    fn handle(&mut self) {
        let stream = &self.connection.stream;
        // It fails only if the browser has gone.
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
                // A mistyped value is answered with 200 and the error, which the page then shows.
                let failed = |why: String| Value::object([("error", why.into())]);
                let said = self.bend(request).map_or_else(failed, |()| self.bends());
                ("200 OK", "application/json", said.to_string())
            }
            _ => ("404 Not Found", "text/plain", "no such page\n".into()),
        };
        answer(stream, status, kind, &body)
    }

    /// Whether the request comes from this page, and not from another page in the browser that uses
    /// this address in a script, or through a DNS name (DNS rebinding).
    fn is_ours(&self, request: &Request) -> bool {
        let origin = format!("http://{}", self.here);
        request.headers("host").eq([&*self.here])
            && request.headers("origin").all(|known| known == origin)
    }

    /// Changes the setting that the header `Bend: SIDE NAME VALUE` names.
    fn bend(&self, request: &Request) -> Result<(), String> {
        let said = request.headers("bend").next().unwrap_or_default();
        let mut words = said.splitn(3, ' ').chain([""; 3]);
        let [side, name, value] = std::array::from_fn(|_| words.next().unwrap_or_default());
        let side = Side::named(side).ok_or("the side is neither client nor server")?;
        let (line, traffic) = (&self.tap.options.line, self.tap.options.traffic);
        if !line.all(side, traffic).any(|(known, _)| known == name) {
            return Err(format!("{name:?} is not a setting of this traffic"));
        }
        line.set(side, name, value.as_ref())
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

    /// Sends events as they come, until the browser disconnects or no more will come.
    fn send_events(&self, mut stream: &Stream, request: &Request) -> io::Result<()> {
        // A browser that reconnects sends the ID of its last event.
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
