//! From the command line to conversations: what is started, in which order, and how it ends.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fs, io};

use proto::cli::{Failure, Log, Output, stdin};
use proto::create_private;
use proto::net::{Endpoint, Listener, bind_udp, wake_udp};
use proto::random::Random;
use proto::serving::{listen, log_events, print_endpoints};
use proto::socketserver::{Connections, ThreadingServer};

use crate::connection::Conversation;
use crate::journal::Journal;
use crate::options::Options;
use crate::page::{Caller, Shared};
use crate::tap::Tap;
use crate::{datagrams, picture, record, show};

/// How many conversations there may be at once, each with three or more threads.
const CONVERSATIONS: usize = 1000;

/// How many requests for the page there may be at once; a watcher's lasts as long as it watches.
const CALLERS: usize = 16;

/// How long a follower waits before it looks whether there is more.
const LOOK: Duration = Duration::from_secs(3600);

/// What serves until it is stopped.
type Serve = Box<dyn FnOnce() -> Result<(), Failure>>;

/// What stops it, from any thread.
type Stop = Arc<dyn Fn() + Send + Sync>;

/// Does what the command line asks for.
///
/// # Errors
///
/// What could not be done, and why.
pub fn run(options: Options) -> Result<ExitCode, Failure> {
    if let Some(file) = &options.replay {
        return replay(file, &options);
    }
    check_reach(&options)?;
    let record = match &options.record {
        Some(path) => Some(create_private(path).map_err(|error| cannot("make", path, &error))?),
        None => None,
    };
    let tap = Arc::new(Tap {
        line: options.line,
        language: options.decode,
        seed: options.seed,
        limit: options.connections,
        journal: Journal::new(record),
        target: options.target,
        ..Tap::default()
    });
    let log = options.log;
    let (endpoints, serve, stop) = match options.udp {
        true => datagrams(&options.listen, &tap)?,
        false => connections(&options.listen, &tap, log)?,
    };
    let page = start_page(&tap)?;
    let printer = print(&tap)?;
    if options.stop_on_eof {
        let stop = Arc::clone(&stop);
        start("stdin", move || {
            let _ = io::copy(&mut stdin(), &mut io::sink());
            log.info(format_args!("standard input ended, stopping"));
            stop();
        })?;
    }
    let (watched, svg) = (Arc::clone(&tap), options.svg.clone());
    start("ends", move || {
        let mut seen = 0;
        while let Some(over) = watched.wait_for_an_end(seen) {
            seen = over;
            if let Some(path) = &svg
                && let Err(failure) = draw(&watched.journal, path)
            {
                log.complain(&failure);
            }
        }
        stop();
    })?;
    // Nothing has happened yet that the printer could print before these.
    print_endpoints(&endpoints)?;
    Output::stdout().write(format!("watch at {page}\n").as_bytes())?;
    serve()?;
    tap.journal.complete();
    if let Some(path) = &options.svg {
        draw(&tap.journal, path)?;
    }
    let printed = printer.join().unwrap_or(Ok(()));
    match tap.journal.record_error() {
        Some(error) => Err(Failure::io("the record is cut short", &error)),
        None => printed.map(|()| ExitCode::SUCCESS),
    }
}

fn connections(
    endpoint: &Endpoint,
    tap: &Arc<Tap>,
    log: Log,
) -> Result<(Vec<Endpoint>, Serve, Stop), Failure> {
    let connections = listen(endpoint, log)?;
    let endpoints = connections.endpoints().cloned().collect();
    let tap = Arc::clone(tap);
    let server = ThreadingServer::new(connections, move |connection| {
        Conversation::new(connection, Arc::clone(&tap))
    })
    .max_connections(CONVERSATIONS)
    .on_event(log_events(log));
    let stopper = server.stopper();
    let serve = move || {
        server.serve_forever();
        Ok(())
    };
    let stop = move || {
        stopper.shutdown(Duration::ZERO);
    };
    Ok((endpoints, Box::new(serve), Arc::new(stop)))
}

fn datagrams(endpoint: &Endpoint, tap: &Arc<Tap>) -> Result<(Vec<Endpoint>, Serve, Stop), Failure> {
    let failed = |error| Failure::io("cannot use the socket", &error);
    let (socket, endpoint) = bind_udp(endpoint)?;
    let waker = socket.try_clone().map_err(failed)?;
    let target = tap.target.resolve()?[0];
    let tap = Arc::clone(tap);
    let is_stopping = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_stopping);
    let serve = move || datagrams::serve(socket, target, &tap, &told).map_err(failed);
    let stop = move || {
        is_stopping.store(true, Ordering::Relaxed);
        let _ = wake_udp(&waker);
    };
    Ok((vec![endpoint], Box::new(serve), Arc::new(stop)))
}

/// Shows a recorded file: on the page until somebody ends it, or as a picture alone.
fn replay(file: &Path, options: &Options) -> Result<ExitCode, Failure> {
    let tap = Arc::<Tap>::default();
    record::read(file, |event| tap.journal.replay(event))
        .map_err(|why| Failure::new(format!("cannot replay {} ({why})", file.display())))?;
    tap.journal.complete();
    if let Some(path) = &options.svg {
        draw(&tap.journal, path)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = start_page(&tap)?;
    Output::stdout().write(format!("watch at {page}\n").as_bytes())?;
    print(&tap)?.join().unwrap_or(Ok(()))?;
    if options.stop_on_eof {
        let _ = io::copy(&mut stdin(), &mut io::sink());
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        thread::park();
    }
}

/// Serves the page on a free port of this machine; its address, with the key.
fn start_page(tap: &Arc<Tap>) -> Result<String, Failure> {
    let listener = Listener::bind(&"127.0.0.1:0".parse::<Endpoint>().map_err(Failure::new)?)?;
    let here = listener.endpoint().to_string();
    let key = secret();
    let address = format!("http://{here}/#{key}");
    let shared = Arc::new(Shared {
        tap: Arc::clone(tap),
        key,
        here,
    });
    let connections = Connections::new(listener)
        .map_err(|error| Failure::start("cannot serve the page", &error))?;
    let server = ThreadingServer::new(connections, move |connection| {
        Caller::new(connection, Arc::clone(&shared))
    })
    .max_connections(CALLERS);
    start("page", move || {
        server.serve_forever();
    })?;
    Ok(address)
}

/// A key that nobody guesses. Where std has no better source, as on Windows, it is made of the
/// numbers that the system gives to std's hash tables.
fn secret() -> String {
    match Random::open().and_then(|random| random.bytes()) {
        Ok(bytes) => bytes[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        Err(_) => (0..4)
            .map(|number| format!("{:016x}", RandomState::new().hash_one(number)))
            .collect(),
    }
}

/// Prints events as they come, in a thread of its own: who does not read them holds up nobody.
fn print(tap: &Arc<Tap>) -> Result<JoinHandle<Result<(), Failure>>, Failure> {
    let tap = Arc::clone(tap);
    start("printer", move || {
        let mut seen = 0;
        loop {
            let news = tap.journal.after(seen, LOOK);
            seen = news.seen;
            let mut lines = String::new();
            if news.lost > 0 {
                lines.push_str(&format!(
                    "({} events came too fast to be shown)\n",
                    news.lost
                ));
            }
            lines.extend(news.events.iter().map(|event| show::line(event)));
            if let Err(failure) = Output::stdout().write(lines.as_bytes()) {
                // A reader that has left has seen enough; there is no other way to end it all.
                if failure.is_output_closed() {
                    std::process::exit(0);
                }
                return Err(failure);
            }
            if news.is_complete {
                return Ok(());
            }
        }
    })
}

/// Writes the picture under another name and renames it, so that it is there whole or not at all.
fn draw(journal: &Journal, path: &Path) -> Result<(), Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let picture = picture::draw(&journal.kept());
    fs::write(&part, picture)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::io(&format!("cannot {what} {}", path.display()), error)
}

fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}

/// Refuses addresses through which other machines could take part, unless that was asked for.
fn check_reach(options: &Options) -> Result<(), Failure> {
    for (what, endpoint) in [("LISTEN", &options.listen), ("TARGET", &options.target)] {
        if !options.allow_remote && !endpoint.is_local()? {
            return Err(Failure::new(format!(
                "{what} {endpoint} is not on this machine alone; add --allow-remote if you want that"
            )));
        }
    }
    if options.udp {
        for endpoint in [&options.listen, &options.target] {
            if let Endpoint::Unix(_) = endpoint {
                return Err(Failure::usage(
                    "UDP needs HOST:PORT, not a Unix-domain path",
                ));
            }
        }
    }
    Ok(())
}
