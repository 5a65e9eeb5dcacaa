//! A TCP client that sends messages and shows the reply to each.
//!
//! `options.rs` is its command line, `talk.rs` sends messages and reads their replies, `pipe.rs`
//! does `--stream`, `connection.rs` has what their threads share.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod connection;
mod options;
mod pipe;
mod talk;

use std::process::ExitCode;

use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::net::connect;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: &'static Options) -> Result<ExitCode, Failure> {
    let stream = connect(&options.endpoint, options.connect_timeout)?;
    if options.stream {
        pipe::pipe(stream, options)?;
    } else {
        talk::converse(stream, options)?;
    }
    Ok(ExitCode::SUCCESS)
}
