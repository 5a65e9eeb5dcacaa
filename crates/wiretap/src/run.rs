//! Starts and ends what the options ask for: server, page, record and picture.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use proto::cli::{self, Failure, Output, start_thread};
use proto::create_private;
use proto::net::{Endpoint, bind_udp_all};
use proto::serving::{fit_descriptors, listen, log_events, print_endpoints, stop_when_stdin_ends};
use proto::socketserver::{Connection, Datagram, Datagrams, Stopper, ThreadingServer, UdpServer};

use crate::event::Kind;
use crate::options::Options;
use crate::tap::{Tap, cannot};
use crate::wires::{self, Exchange};
use crate::{page, picture};

/// How many conversations there may be at once, each with two threads.
const CONVERSATIONS: usize = 1000;

/// The file descriptors that one conversation needs: its two connections, and a share of the
/// page's.
const DESCRIPTORS: usize = 3;

/// How long an open page has to read the last events.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Runs wiretap with these options.
pub fn run(options: &'static Options) -> Result<ExitCode, Failure> {
    options.check_reach()?;
    cli::log_in_background()?;
    let tap = &*Box::leak(Box::new(Tap::new(options)?));
    match (&tap.options.replay, tap.options.udp) {
        (Some(_), _) => replay(tap)?,
        (None, true) => datagrams(tap)?,
        (None, false) => connections(tap)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn connections(tap: &'static Tap) -> Result<(), Failure> {
    let log = tap.options.log;
    let connections = listen(&tap.options.listen, log)?;
    let mut server = ThreadingServer::new(connections, move |connection: Connection| {
        move || wires::converse(tap, &connection)
    })
    .max_connections(CONVERSATIONS)
    .on_event(log_events(log));
    fit_descriptors(&mut server, DESCRIPTORS, log)?;
    let endpoints: Vec<_> = server.source().endpoints().cloned().collect();
    let stoppers = [server.stopper(), server.stopper()];
    serve(tap, &endpoints, stoppers, move || server.serve_forever())
}

fn datagrams(tap: &'static Tap) -> Result<(), Failure> {
    let (sockets, addresses): (Vec<_>, Vec<_>) =
        bind_udp_all(&tap.options.listen)?.into_iter().unzip();
    let exchange = &*Box::leak(Box::new(Exchange::new(tap)));
    let server = UdpServer::new(Datagrams::all(sockets), |it: &mut Datagram| {
        exchange.take(it)
    });
    let endpoints: Vec<_> = addresses.into_iter().map(Endpoint::from).collect();
    let stoppers = [server.stopper(), server.stopper()];
    serve(tap, &endpoints, stoppers, move || server.serve_forever())
}

/// Serves until the last conversation has ended, or stdin ends.
fn serve<T>(
    tap: &'static Tap,
    endpoints: &[Endpoint],
    [at_the_end, on_eof]: [Stopper; 2],
    serve: impl FnOnce() -> T + Send + 'static,
) -> Result<(), Failure> {
    // An empty picture, so that a missing folder is reported now.
    draw(tap)?;
    let (page, page_stopper, serving_page) = page::serve(tap)?;
    if tap.options.stop_on_eof {
        stop_when_stdin_ends(on_eof, Duration::ZERO, tap.options.log)?;
    }
    // It is opened before conversations take the descriptors.
    let output = Output::stdout();
    let server = start_thread("server", move || {
        serve();
        tap.complete();
    })?;
    let printed = print_endpoints(endpoints).and_then(|()| print(tap, &page, output));
    at_the_end.shutdown(Duration::ZERO);
    // The panic hook has reported a panic.
    let _ = server.join();
    printed?;
    page_stopper.shutdown(LAST_EVENTS);
    let _ = serving_page.join();
    tap.close_record()
}

/// Shows a recorded file: on the page until it is stopped, or only as a picture.
fn replay(tap: &'static Tap) -> Result<(), Failure> {
    if tap.options.svg.is_some() {
        return draw(tap);
    }
    let (page, stopper, serving_page) = page::serve(tap)?;
    print(tap, &page, Output::stdout())?;
    if tap.options.stop_on_eof {
        stop_when_stdin_ends(stopper, Duration::ZERO, tap.options.log)?;
    }
    let _ = serving_page.join();
    Ok(())
}

/// Prints the address of the page, then events as they come, and draws the picture after each
/// conversation. A blocked standard output delays no conversation.
fn print(tap: &Tap, page: &str, mut output: Output) -> Result<(), Failure> {
    output.write(format!("watch at {page}\n").as_bytes())?;
    let mut seen = 0;
    loop {
        let (events, lost, is_complete) = tap.after(&mut seen);
        let mut lines: String = events.iter().map(ToString::to_string).collect();
        if lost > 0 {
            lines = format!("({lost} earlier events are not kept)\n{lines}");
        }
        output.write(lines.as_bytes())?;
        if is_complete {
            return draw(tap);
        }
        if events.iter().any(|event| event.kind == Kind::Over) {
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
    // A directory, a link, or a device such as `/dev/stdout`, which root could replace.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        let why = io::Error::other("it is not a regular file");
        return Err(cannot("write", path)(why));
    }
    let part = path.with_added_extension("part");
    // A file of an earlier run, or a link of another user.
    let _ = fs::remove_file(&part);
    let picture = picture::draw(&tap.kept());
    create_private(&part)
        .and_then(|mut file| file.write_all(picture.as_bytes()))
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .map_err(cannot("write", path))
}
