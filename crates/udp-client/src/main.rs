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
use proto::escape::BytesRepr;
use report::Report;

fn main() -> ExitCode {
    cli::run(&TOOL, converse)
}

fn converse(options: Options) -> Result<ExitCode, Failure> {
    let (log, bytes, times) = (options.log, options.bytes, options.times);
    let mut report = Report::default();
    let mut output = Output::stdout();
    let mut flight = Flight::start(options)?;
    let mut number = 0;
    while let Some(done) = flight.next() {
        number += 1;
        report.add(&done.result);
        // A lost message does not stop the next one.
        if let Some(words) = outcome::complaint(done.server, done.length, &done.result) {
            log.complain(&words);
        }
        if let Ok(answer) = &done.result {
            let mut line = if bytes {
                BytesRepr::new(&done.reply).to_string().into_bytes()
            } else {
                done.reply
            };
            line.push(b'\n');
            output.write(&line)?;
            if times {
                log.note(format_args!(
                    "answer {number} from {}: {answer}",
                    done.server
                ));
            }
        }
        flight.shown();
    }
    for stragglers in flight.finish()? {
        report.stragglers(stragglers);
    }
    log.note(format_args!("{report}"));
    Ok(report.exit_code())
}
