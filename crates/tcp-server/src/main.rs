//! A TCP server that answers every byte with its ASCII upper case, a thread for each connection.
//!
//! `options.rs` is its command line, `upper.rs` serves a connection.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::process::ExitCode;

use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::serving;
use proto::socketserver::ThreadingServer;
use upper::Upper;

fn main() -> ExitCode {
    cli::run(&TOOL, serve)
}

fn serve(options: &'static Options) -> Result<ExitCode, Failure> {
    let connections = serving::listen(&options.endpoint, options.log)?;
    let server = ThreadingServer::new(connections, move |connection| {
        Upper::new(connection, options)
    })
    .max_connections(options.max_connections)
    .nodelay()
    .read_timeout(options.idle_timeout)
    .write_timeout(Some(options.write_timeout / upper::PARTS));
    serving::serve(server, 1, options.stop, options.log)
}
