//! A TCP server that answers every byte with its ASCII upper case, a thread for each connection.
//!
//! `options.rs` is its command line, `upper.rs` what it does with a connection.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::process::ExitCode;
use std::sync::Arc;

use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::serving;
use proto::socketserver::{ThreadingServer, descriptor_limit, thread_limit};
use upper::Upper;

fn main() -> ExitCode {
    cli::run(&TOOL, serve)
}

fn serve(options: Options) -> Result<ExitCode, Failure> {
    check_capacity(&options)?;
    let (connections, endpoint) = serving::listen(&options.endpoint, options.log)?;
    let options = Arc::new(options);
    let shared = Arc::clone(&options);
    let server = ThreadingServer::new(connections, move |connection| {
        Upper::new(connection, Arc::clone(&shared))
    })
    .max_connections(options.max_connections);
    let grace = options.stop_on_eof.then_some(options.grace);
    serving::serve(server, &endpoint, grace, options.log)
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
