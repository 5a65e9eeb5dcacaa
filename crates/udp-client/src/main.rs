//! A UDP client that sends messages, shows the answer to each, and tells what was lost.
//!
//! `options.rs` is its command line, `exchange.rs` one message with its tries, `outcome.rs` what
//! became of it, `report.rs` what is said at the end.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod exchange;
mod options;
mod outcome;
mod report;

use std::process::ExitCode;

use exchange::Exchange;
use options::{Options, TOOL};
use proto::cli::{self, Failure, Lines, Output};
use proto::escape::BytesRepr;
use report::Report;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: Options) -> Result<ExitCode, Failure> {
    let mut exchange = Exchange::new(&options)?;
    let mut report = Report::default();
    let mut output = Output::stdout();
    let mut send = |message: &[u8]| -> Result<(), Failure> {
        let result = exchange.ask(message);
        report.add(&result);
        // One message that is lost does not keep the next from being sent.
        if let Some(words) = outcome::complaint(exchange.server(), message.len(), &result) {
            options.log.complain(&words);
        }
        let Ok(answer) = result else { return Ok(()) };
        let reply = exchange.reply(&answer);
        let mut line = if options.bytes {
            BytesRepr::new(reply).to_string().into_bytes()
        } else {
            reply.to_vec()
        };
        line.push(b'\n');
        output.write(&line)
    };
    if options.messages.is_empty() {
        let mut lines = Lines::with_prompt(">>: ");
        let mut line = Vec::new();
        // An empty line is sent, too: unlike a stream, UDP has empty messages.
        while lines.next(&mut line)? {
            send(&line)?;
        }
    } else {
        for message in &options.messages {
            send(message)?;
        }
    }
    report.stragglers(exchange.finish());
    options.log.note(format_args!("{report}"));
    Ok(report.exit_code())
}
