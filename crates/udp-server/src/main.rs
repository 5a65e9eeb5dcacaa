//! A UDP server that answers each datagram with its ASCII upper case, in one loop.
//!
//! `options.rs` is its command line, `upper.rs` what it does with a datagram.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use options::{Options, TOOL};
use proto::cli::{self, Failure, Output, RateLimit};
use proto::net::{Endpoint, bind_udp, dropped_datagrams};
use proto::serving;
use proto::socketserver::{Datagram, Datagrams, Event, ThreadingServer};
use upper::{Counts, Upper};

fn main() -> ExitCode {
    cli::run(&TOOL, serve)
}

fn serve(options: Options) -> Result<ExitCode, Failure> {
    let log = options.log;
    let (socket, endpoint) = bind_udp(&options.endpoint)?;
    check_reach(&endpoint, &options)?;

    // The server closes its own when it ends; this one still knows what the system has dropped.
    let same_socket = socket.try_clone().ok();
    let counts = Arc::new(Counts::default());
    let mut upper = Upper::new(&options, Arc::clone(&counts));
    let source = Datagrams::new(socket).max_packet_size(options.recv_size);
    let failures = Arc::clone(&counts);
    let failed = RateLimit::new(Duration::from_secs(60));
    let server = ThreadingServer::new(source, |datagram: &mut Datagram| upper.answer(datagram))
        .on_event(move |event| {
            let Event::AcceptFailed { error } = event else {
                return;
            };
            failures.errors.fetch_add(1, Relaxed);
            if failed.allow().is_some() {
                log.error(format_args!(
                    "cannot receive ({}), going on",
                    proto::reason(error)
                ));
            }
        });
    if options.stop_on_eof {
        // The one datagram in hand is answered; there is nothing else to wait for.
        serving::stop_when_stdin_ends(server.stopper(), Duration::ZERO, log)?;
    }

    Output::stdout().write(format!("listening on {endpoint}\n").as_bytes())?;
    server.serve_in_loop();
    log.info(format_args!("{counts}"));
    if let Some(dropped @ 1..) = same_socket.as_ref().and_then(dropped_datagrams) {
        log.info(format_args!(
            "{dropped} more dropped by the system (they came faster than they were answered); a \
             longer queue takes bursts: sysctl net.core.rmem_default"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses an address that others can reach, unless that was asked for. What counts is the address
/// that was bound, not the name that led there.
fn check_reach(bound: &Endpoint, options: &Options) -> Result<(), Failure> {
    if bound.is_local()? {
        return Ok(());
    }
    if !options.allow_remote {
        return Err(Failure::new(format!(
            "{bound} can be reached from other machines (whoever forges a sender has the answers \
             sent to somebody else); add --allow-remote if you want that"
        )));
    }
    options.log.info(format_args!(
        "note: {bound} can be reached from other machines; senders can be forged, and each forged \
         datagram has one of its own size sent to somebody else"
    ));
    Ok(())
}
