//! A TCP server that answers every byte with its ASCII upper case, a thread for each connection.
//!
//! `options.rs` is its command line, `upper.rs` what it does with a connection.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::process::ExitCode;
use std::sync::Arc;

use options::{Options, TOOL};
use proto::cli::{self, Failure, Output, show_duration};
use proto::net::Listener;
use proto::socketserver::{Connections, ThreadingServer, descriptor_limit, thread_limit};
use upper::Upper;

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
        .map_err(|error| Failure::start("cannot start the server", &error))?;

    let (grace, stop_on_eof) = (options.grace, options.stop_on_eof);
    let most = options.max_connections;
    let options = Arc::new(options);
    let server = ThreadingServer::new(connections, move |connection| {
        Upper::new(connection, Arc::clone(&options))
    })
    .max_connections(most)
    .on_event(cli::log_events(log));
    if stop_on_eof {
        cli::stop_when_stdin_ends(server.stopper(), grace, log)?;
    }

    Output::stdout().write(format!("listening on {endpoint}\n").as_bytes())?;
    let left = server.serve_forever();
    if left > 0 {
        let grace = show_duration(grace);
        log.info(format_args!("connections still open after {grace}: {left}"));
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
