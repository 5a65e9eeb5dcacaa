//! A UDP client that sends messages, shows the answer to each, and tells what was lost.
//!
//! `options.rs` is its command line, `flight.rs` many messages at once, `exchange.rs` one with its tries,
//! `outcome.rs` what became of it, `report.rs` and `times.rs` what is said at the end.

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
        // One message that is lost does not keep the next from being sent.
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
