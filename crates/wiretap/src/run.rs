//! Starts and ends what the options ask for: server, page, printer, record and picture.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use proto::cli::{self, Failure, Output, stdin};
use proto::create_private;
use proto::net::{Endpoint, bind_udp};
use proto::serving::{fit_descriptors, listen, log_events, print_endpoints, stop_when_stdin_ends};
use proto::socketserver::{Datagram, Datagrams, Stopper, ThreadingServer, UdpServer};

use crate::bend::Traffic;
use crate::datagrams::Exchange;
use crate::journal::Journal;
use crate::options::Options;
use crate::stream::Conversation;
use crate::talk::Tap;
use crate::{page, picture};

/// How many conversations there may be at once, each with two threads.
const CONVERSATIONS: usize = 1000;

/// The file descriptors that one conversation needs: its two connections, and a share of the
/// page's.
const DESCRIPTORS: usize = 3;

/// How long the printer waits for an event in one call.
const LOOK: Duration = Duration::from_secs(3600);

/// How long an open page has to read the last events.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Runs wiretap with these options.
pub fn run(mut options: Options) -> Result<ExitCode, Failure> {
    let log = options.log;
    if let Some(file) = &options.replay {
        options.check_replay()?;
        let journal = Journal::read(file, log)
            .map_err(|why| Failure::new(format!("cannot replay {} ({why})", file.display())))?;
        options.traffic = Traffic::Recorded;
        return replay(&Arc::new(Tap { journal, options }));
    }
    options.check()?;
    cli::log_in_background()?;
    let record = match &options.record {
        Some(path) => Some(create_private(path).map_err(|error| cannot("make", path, &error))?),
        None => None,
    };
    let journal = Journal::new(options.connections, record, log);
    let tap = Arc::new(Tap { journal, options });
    match tap.options.traffic {
        Traffic::Datagrams => datagrams(&tap),
        Traffic::Connections | Traffic::Recorded => connections(&tap),
    }
}

fn connections(tap: &Arc<Tap>) -> Result<ExitCode, Failure> {
    let (talking, log) = (Arc::clone(tap), tap.options.log);
    let connections = listen(&tap.options.listen, log)?;
    let mut server = ThreadingServer::new(connections, move |connection| {
        Conversation::new(connection, Arc::clone(&talking))
    })
    .max_connections(CONVERSATIONS)
    .on_event(log_events(log));
    fit_descriptors(&mut server, DESCRIPTORS, log)?;
    let endpoints = server.source().endpoints().cloned().collect();
    let stoppers = [server.stopper(), server.stopper()];
    serve(tap, endpoints, stoppers, || server.serve_forever())
}

fn datagrams(tap: &Arc<Tap>) -> Result<ExitCode, Failure> {
    let (socket, endpoint) = bind_udp(&tap.options.listen)?;
    let answering = socket.try_clone();
    let answering = answering.map_err(|error| Failure::start("cannot use the socket", &error))?;
    let exchange = Exchange::new(tap, answering)?;
    let server = UdpServer::new(Datagrams::new(socket), move |datagram: &mut Datagram| {
        exchange.take(datagram);
    });
    let stoppers = [server.stopper(), server.stopper()];
    serve(tap, vec![endpoint], stoppers, || server.serve_forever())
}

/// Serves until the last conversation has ended, or stdin ends.
fn serve<T>(
    tap: &Arc<Tap>,
    endpoints: Vec<Endpoint>,
    [at_the_end, on_eof]: [Stopper; 2],
    serve: impl FnOnce() -> T,
) -> Result<ExitCode, Failure> {
    if is_reached(&endpoints, &tap.options.target) {
        return Err(Failure::usage("LISTEN and TARGET are the same"));
    }
    // An empty picture, so that a missing folder is reported now.
    draw(tap)?;
    let (page, page_stopper) = page::serve(tap)?;
    if tap.options.stop_on_eof {
        stop_when_stdin_ends(on_eof, Duration::ZERO, tap.options.log)?;
    }
    let printed = Arc::clone(tap);
    let printer = thread::Builder::new().name("printer".into());
    let printer = printer.spawn(move || {
        let done = print_endpoints(&endpoints).and_then(|()| print(&printed, &page));
        at_the_end.shutdown(Duration::ZERO);
        done
    });
    let printer = printer.map_err(|error| Failure::start("cannot start a thread", &error))?;
    serve();
    tap.journal.complete();
    page_stopper.shutdown(LAST_EVENTS);
    printer.join().unwrap_or(Ok(()))?;
    let failure = tap.journal.record_failure();
    failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Whether a client of `target` reaches one of our own endpoints: it then forwards to itself.
fn is_reached(endpoints: &[Endpoint], target: &Endpoint) -> bool {
    let targets = target.resolve().unwrap_or_default();
    let is_same = |ours: SocketAddr| {
        targets.iter().any(|target| {
            let is_any = ours.ip().is_unspecified() && target.ip().is_loopback();
            ours.port() == target.port() && (ours.ip() == target.ip() || is_any)
        })
    };
    let mut ours = endpoints
        .iter()
        .flat_map(|ours| ours.resolve().unwrap_or_default());
    endpoints.contains(target) || ours.any(is_same)
}

/// Shows a recorded file: on the page until it is stopped, or only as a picture.
fn replay(tap: &Arc<Tap>) -> Result<ExitCode, Failure> {
    if tap.options.svg.is_some() {
        draw(tap)?;
        return Ok(ExitCode::SUCCESS);
    }
    print(tap, &page::serve(tap)?.0)?;
    if tap.options.stop_on_eof {
        let _ = io::copy(&mut stdin(), &mut io::sink());
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        thread::park();
    }
}

/// Prints the address of the page, then events as they come, and draws the picture after each
/// conversation. A blocked standard output delays no conversation.
fn print(tap: &Tap, page: &str) -> Result<(), Failure> {
    Output::stdout().write(format!("watch at {page}\n").as_bytes())?;
    let (mut seen, mut over) = (0, 0);
    loop {
        let news = tap.journal.after(seen, LOOK);
        seen = news.seen;
        let mut lines: String = news.events.iter().map(ToString::to_string).collect();
        if news.lost > 0 {
            lines = format!("({} earlier events are not kept)\n{lines}", news.lost);
        }
        Output::stdout().write(lines.as_bytes())?;
        if news.is_complete {
            return draw(tap);
        }
        if news.over > over {
            over = news.over;
            let _ = draw(tap).inspect_err(|failure| tap.options.log.complain(failure));
        }
    }
}

/// Writes the picture to a temporary file and renames it, so that no reader sees a part. Only its
/// owner can read it.
fn draw(tap: &Tap) -> Result<(), Failure> {
    let Some(path) = &tap.options.svg else {
        return Ok(());
    };
    let part = path.with_added_extension("part");
    // A file of an earlier run, or a link of another user.
    let _ = fs::remove_file(&part);
    let picture = picture::draw(&tap.journal.kept());
    create_private(&part)
        .and_then(|mut file| file.write_all(picture.as_bytes()))
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::io(&format!("cannot {what} {}", path.display()), error)
}
