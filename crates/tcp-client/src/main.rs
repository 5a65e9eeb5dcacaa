//! A TCP client that sends messages and shows the reply to each.
//!
//! `options.rs` is its command line, `talk.rs` the exchange of messages for their replies.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod talk;

use std::process::ExitCode;

use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::net::connect;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: Options) -> Result<ExitCode, Failure> {
    if options.stream && !options.messages.is_empty() {
        return Err(Failure::usage(
            "--stream sends stdin; it does not go with --send",
        ));
    }
    let stream = connect(&options.endpoint, options.connect_timeout)?;
    if options.stream {
        talk::pipe(&stream, &options)?;
    } else {
        talk::converse(stream, options)?;
    }
    Ok(ExitCode::SUCCESS)
}
