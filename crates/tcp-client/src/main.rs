//! A TCP client that sends messages and shows the reply to each.
//!
//! `options.rs` is its command line, `talk.rs` the exchange of one message for its reply.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod talk;

use std::process::ExitCode;

use options::{Options, TOOL};
use proto::cli::{self, Failure, Lines, Output};
use proto::escape::BytesRepr;
use proto::net::connect;
use talk::Talk;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: Options) -> Result<ExitCode, Failure> {
    let stream = connect(&options.endpoint, options.connect_timeout)?;
    let mut talk = Talk::new(stream, &options)?;
    let mut output = Output::stdout();
    let mut exchange = |message: &[u8]| -> Result<(), Failure> {
        // As in the Python lesson: a stream cannot carry an empty message.
        if message.is_empty() {
            return Ok(());
        }
        let mut reply = talk.exchange(message)?;
        if options.bytes {
            reply = BytesRepr::new(&reply).to_string().into_bytes();
        }
        reply.push(b'\n');
        output.write(&reply)
    };
    if !options.messages.is_empty() {
        for message in &options.messages {
            exchange(message)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = Lines::with_prompt(">>: ");
    let mut line = Vec::new();
    while lines.next(&mut line)? {
        exchange(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}
