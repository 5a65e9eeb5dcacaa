//! From the command line to conversations: what is started, in which order, and how it ends.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use proto::cli::{self, Failure, Log, Output, stdin};
use proto::create_private;
use proto::net::{Endpoint, Listener, bind_udp};
use proto::random::Random;
use proto::serving::{fit_descriptors, listen, log_events, print_endpoints, stop_when_stdin_ends};
use proto::socketserver::{Connections, Datagram, Datagrams, Stopper, ThreadingServer, UdpServer};

use crate::connection::Conversation;
use crate::datagrams::Exchange;
use crate::journal::Journal;
use crate::options::Options;
use crate::page::{Caller, Shared};
use crate::tap::Tap;
use crate::{picture, record, show};

/// How many conversations there may be at once, each with three or more threads.
const CONVERSATIONS: usize = 1000;

/// How many requests for the page there may be at once; a watcher's lasts as long as it watches.
const CALLERS: usize = 16;

/// How long a follower waits before it looks whether there is more.
const LOOK: Duration = Duration::from_secs(3600);

/// How many descriptors each conversation may cost: its two connections, and a share of the page's.
const DESCRIPTORS: usize = 3;

/// A server that is ready: where it listens, what stops it (from two threads), and its loop.
struct Ready {
    endpoints: Vec<Endpoint>,
    stoppers: [Stopper; 2],
    serve: Box<dyn FnOnce()>,
}

/// Does what the command line asks for.
///
/// # Errors
///
/// What could not be done, and why.
pub fn run(options: Options) -> Result<ExitCode, Failure> {
    if let Some(file) = &options.replay {
        return replay(file, &options);
    }
    check(&options)?;
    cli::log_in_background()?;
    let record = match &options.record {
        Some(path) => Some(create_private(path).map_err(|error| cannot("make", path, &error))?),
        None => None,
    };
    let tap = Arc::new(Tap {
        line: options.line,
        language: options.decode,
        limit: options.connections,
        journal: Journal::new(record),
        target: options.target,
        ..Tap::default()
    });
    let log = options.log;
    let ready = match options.udp {
        true => datagrams(&options.listen, &tap, log)?,
        false => connections(&options.listen, &tap, log)?,
    };
    if ready.endpoints.contains(&tap.target) {
        return Err(Failure::usage("LISTEN and TARGET are the same"));
    }
    let page = start_page(&tap)?;
    let printer = print(&tap, log)?;
    let [at_the_end, on_eof] = ready.stoppers;
    let (watched, svg) = (Arc::clone(&tap), options.svg);
    let drawer = start("ends", move || {
        let mut seen = 0;
        while watched.wait_for_an_end(&mut seen) {
            if let Err(failure) = draw(&watched.journal, svg.as_deref()) {
                log.complain(&failure);
            }
        }
        at_the_end.shutdown(Duration::ZERO);
        draw(&watched.journal, svg.as_deref())
    })?;
    if options.stop_on_eof {
        stop_when_stdin_ends(on_eof, Duration::ZERO, log)?;
    }
    // Nothing has happened yet that the printer could print before these.
    print_endpoints(&ready.endpoints)?;
    Output::stdout().write(format!("watch at {page}\n").as_bytes())?;
    (ready.serve)();
    tap.complete();
    drawer.join().unwrap_or(Ok(()))?;
    printer.join().unwrap_or(Ok(()))?;
    Ok(ExitCode::SUCCESS)
}

fn connections(endpoint: &Endpoint, tap: &Arc<Tap>, log: Log) -> Result<Ready, Failure> {
    let tap = Arc::clone(tap);
    let mut server = ThreadingServer::new(listen(endpoint, log)?, move |connection| {
        Conversation::new(connection, Arc::clone(&tap))
    })
    .max_connections(CONVERSATIONS)
    .on_event(log_events(log));
    fit_descriptors(&mut server, DESCRIPTORS, log);
    Ok(Ready {
        endpoints: server.source().endpoints().cloned().collect(),
        stoppers: [server.stopper(), server.stopper()],
        serve: Box::new(move || {
            server.serve_forever();
        }),
    })
}

fn datagrams(endpoint: &Endpoint, tap: &Arc<Tap>, log: Log) -> Result<Ready, Failure> {
    let failed = |error| Failure::io("cannot use the socket", &error);
    let (socket, endpoint) = bind_udp(endpoint)?;
    let target = tap.target.resolve()?[0];
    let answering = socket.try_clone().map_err(failed)?;
    let exchange = Exchange::new(tap, answering, target, log).map_err(failed)?;
    let server = UdpServer::new(Datagrams::new(socket), move |datagram: &mut Datagram| {
        exchange.take(datagram);
    });
    Ok(Ready {
        endpoints: vec![endpoint],
        stoppers: [server.stopper(), server.stopper()],
        serve: Box::new(move || server.serve_forever()),
    })
}

/// Shows a recorded file: on the page until it is stopped, or as a picture alone.
fn replay(file: &Path, options: &Options) -> Result<ExitCode, Failure> {
    let tap = Arc::<Tap>::default();
    record::read(file, |event| tap.journal.replay(event))
        .map_err(|why| Failure::new(format!("cannot replay {} ({why})", file.display())))?;
    tap.journal.complete();
    if options.svg.is_some() {
        draw(&tap.journal, options.svg.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = start_page(&tap)?;
    Output::stdout().write(format!("watch at {page}\n").as_bytes())?;
    print(&tap, options.log)?.join().unwrap_or(Ok(()))?;
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

/// A key that cannot be guessed. Where std has no better source, as on Windows, it is made of the
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

/// Prints events as they come, in a thread of its own: a reader that stops holds up no conversation. Says
/// at once where that, or the record, fails.
fn print(tap: &Arc<Tap>, log: Log) -> Result<JoinHandle<Result<(), Failure>>, Failure> {
    let tap = Arc::clone(tap);
    start("printer", move || {
        let mut seen = 0;
        let mut result = Ok(());
        loop {
            let news = tap.journal.after(seen, LOOK);
            seen = news.seen;
            let mut lines = String::new();
            if news.lost > 0 {
                lines = format!("({} events came too fast to be shown)\n", news.lost);
            }
            lines.extend(news.events.iter().map(|event| show::line(event)));
            if let Err(failure) = Output::stdout().write(lines.as_bytes()) {
                // A reader that has left has seen enough; there is no other way to end it all.
                if failure.is_output_closed() {
                    std::process::exit(0);
                }
                if result.is_ok() {
                    log.complain(&failure);
                }
                result = Err(failure);
            }
            if let Some(error) = tap.journal.record_error() {
                let failure = Failure::io("the record is cut short", &error);
                log.complain(&failure);
                result = Err(failure);
            }
            if news.is_complete {
                return result;
            }
        }
    })
}

/// Writes the picture, where one was asked for, under another name and renames it, so that it is
/// there whole or not at all. Like a record, it can be read by its owner alone.
fn draw(journal: &Journal, path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // What an earlier run has left, or a link that another user has put there.
    let _ = fs::remove_file(&part);
    create_private(&part)
        .and_then(|mut file| file.write_all(picture::draw(&journal.kept()).as_bytes()))
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

/// Refuses addresses through which other machines could take part, unless that was asked for, and
/// settings that would do nothing.
fn check(options: &Options) -> Result<(), Failure> {
    for (what, endpoint) in [("LISTEN", &options.listen), ("TARGET", &options.target)] {
        if options.udp && matches!(endpoint, Endpoint::Unix(_)) {
            let words = "UDP needs HOST:PORT, not a Unix-domain path";
            return Err(Failure::usage(words));
        }
        if !options.allow_remote && !endpoint.is_local()? {
            return Err(Failure::new(format!(
                "{what} {endpoint} is not on this machine alone; add --allow-remote if you want that"
            )));
        }
    }
    // Told now, and not when the first conversation is over.
    if let Some(path) = &options.svg
        && let Some(folder) = path.parent().filter(|folder| *folder != Path::new(""))
    {
        fs::read_dir(folder).map_err(|error| cannot("write", path, &error))?;
    }
    match options.line.idle_setting(options.udp) {
        Some(name) if options.udp => {
            Err(Failure::usage(format!("--{name} does nothing with --udp")))
        }
        Some(name) => Err(Failure::usage(format!("--{name} needs --udp"))),
        None => Ok(()),
    }
}
