//! A UDP client that sends messages, shows the answer to each, and reports losses.
//!
//! `options.rs` is its command line, `flight.rs` sends many messages at once, `exchange.rs` sends
//! one with its retries, `outcome.rs` has its result, `report.rs` and `times.rs` the report at the
//! end.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod exchange;
mod flight;
mod options;
mod outcome;
mod report;
mod times;

use std::process::ExitCode;

use flight::Flight;
use options::{Options, TOOL};
use proto::cli::{self, Failure, Output};
use proto::escape::repr;
use report::Report;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: &'static Options) -> Result<ExitCode, Failure> {
    let log = options.log;
    let mut report = Report::default();
    let mut output = Output::stdout();
    let mut flight = Flight::start(options)?;
    let mut number = 0;
    while let Some(done) = flight.next() {
        number += 1;
        report.add(&done.result);
        // A lost message does not stop the next one.
        if let Some(words) = done.complaint(options.timeout) {
            log.complain(&words);
        }
        if let Ok(answer) = &done.result {
            let mut line = match options.bytes {
                true => repr(&answer.reply, usize::MAX).into_bytes(),
                false => answer.reply.clone(),
            };
            line.push(b'\n');
            output.write(&line)?;
            if options.times {
                let server = done.server;
                log.note(format_args!("answer {number} from {server}: {answer}"));
            }
        }
    }
    for stragglers in flight.finish()? {
        report.stragglers(stragglers);
    }
    log.note(format_args!("{report}"));
    Ok(report.exit_code())
}
