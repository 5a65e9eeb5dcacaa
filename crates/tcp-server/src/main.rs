//! A TCP server that answers every byte with its ASCII upper case, a thread for each connection.
//!
//! `options.rs` is its command line, `upper.rs` what it does with a connection.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use options::{Options, TOOL};
use proto::cli::{self, Failure, Log, Output, RateLimit, show_duration};
use proto::net::Listener;
use proto::socketserver::{Connections, Event, ThreadingServer, descriptor_limit, thread_limit};
use upper::Upper;

/// What repeats for every caller while something lasts is logged this often.
const ONCE_A_MINUTE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    cli::run(&TOOL, serve)
}

fn serve(options: Options) -> Result<ExitCode, Failure> {
    check_capacity(&options)?;
    let log = options.log;
    let listener = Listener::bind(&options.endpoint)?;
    let endpoint = listener.endpoint().clone();
    if listener.removed_stale_socket() {
        log.info(format_args!("removed a stale socket at {endpoint}"));
    }
    let connections = Connections::new(listener)
        .map_err(|error| Failure::io("cannot start the server", &error))?;

    let (grace, stop_on_eof) = (options.grace, options.stop_on_eof);
    let most = options.max_connections;
    let options = Arc::new(options);
    let server = ThreadingServer::new(connections, move |connection| {
        Upper::new(connection, Arc::clone(&options))
    })
    .max_connections(most)
    .on_event(event_log(log));
    if stop_on_eof {
        let stopper = server.stopper();
        cli::when_stdin_ends(move || {
            log.info(format_args!("standard input ended, stopping"));
            stopper.shutdown(grace);
        })?;
    }

    Output::new().write(format!("listening on {endpoint}\n").as_bytes())?;
    let left = server.serve_forever();
    if left > 0 {
        let grace = show_duration(grace);
        log.info(format_args!(
            "{left} connections were still open after {grace}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a cap that would end in an abort, and tells of one that the system will not let us
/// reach. The first cannot be survived; the second can, by turning callers away.
fn check_capacity(options: &Options) -> Result<(), Failure> {
    let most = options.max_connections;
    if let Some(limit) = thread_limit()
        && most > limit
    {
        return Err(Failure::new(format!(
            "--max-connections {most} is more than this system carries ({limit} threads, by \
             vm.max_map_count); lower it, or raise that with: sysctl -w vm.max_map_count=N, \
             four for each connection and 512 more"
        )));
    }
    if let Some(limit) = descriptor_limit()
        && most >= limit
    {
        options.log.info(format_args!(
            "note: of {most} connections this shell allows about {} (open files); \
             for all of them: ulimit -n {}",
            limit.saturating_sub(8),
            most + 16
        ));
    }
    Ok(())
}

fn event_log(log: Log) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let accept = RateLimit::new(ONCE_A_MINUTE);
    let spawn = RateLimit::new(ONCE_A_MINUTE);
    let refused = RateLimit::new(Duration::from_secs(1));
    move |event| match event {
        Event::Refused { peer, why } => {
            if let Some(others) = refused.allow() {
                log.info(format_args!("{peer} refused: {why}{}", and(others)));
            }
        }
        Event::AcceptFailed { error } => {
            if let Some(others) = accept.allow() {
                log.error(format_args!(
                    "cannot accept a connection ({}); if that lasts, raise the limit \
                     with: ulimit -n{}",
                    proto::reason(error),
                    and(others)
                ));
            }
        }
        Event::SpawnFailed { error } => {
            if let Some(others) = spawn.allow() {
                log.error(format_args!(
                    "cannot start a thread ({}); the limit on processes is: ulimit -u{}",
                    proto::reason(error),
                    and(others)
                ));
            }
        }
    }
}

fn and(others: u64) -> String {
    match others {
        0 => String::new(),
        _ => format!(" (and {others} more since the last line)"),
    }
}
