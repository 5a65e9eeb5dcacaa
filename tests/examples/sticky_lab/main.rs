//! The sticky-packet laboratory shows how each send arrives at the other side of a TCP connection.
//!
//! ```text
//! cargo run -q -p cross-process --example sticky_lab
//! cargo run -q -p cross-process --example sticky_lab -- --help
//! ```
//!
//! The laboratory is the client. For each run it starts itself again as the server, a separate
//! process that reports what each of its recvs returned.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the command line |
//! | `experiment` | the settings of an experiment, and the experiments of a run without flags |
//! | `lab` | runs an experiment as its client |
//! | `receiver` | the server's process, and its control from the client |
//! | `pieces` | which part of which send each recv returned |
//! | `table`, `record` | show the results as text, and write them for `wiretap --replay` |

#![deny(clippy::print_stdout, clippy::print_stderr)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod experiment;
mod lab;
mod options;
mod pieces;
mod receiver;
mod record;
mod table;

use std::env;
use std::fs;
use std::process::ExitCode;

use experiment::Group;
use options::{Options, TOOL};
use pieces::Outcome;
use proto::cli::{self, Failure, Output};
use proto::reason;

/// A group, and the outcomes of each of its experiments.
type Results<'a> = (&'a Group, Vec<Vec<Outcome>>);

fn main() -> ExitCode {
    if env::args_os()
        .nth(1)
        .is_some_and(|word| word == receiver::ROLE)
    {
        return receiver::main();
    }
    cli::run(&TOOL, work)
}

fn work(options: &Options) -> Result<ExitCode, Failure> {
    let groups = options.groups()?;
    let mut output = Output::stdout();
    let mut results: Vec<Results<'_>> = Vec::new();
    let mut number = 0;
    let mut sent = String::new();
    let mut recorded = String::new();
    output.write(table::head().as_bytes())?;
    for group in &groups {
        let mut outcomes = Vec::new();
        for (place, experiment) in group.experiments.iter().enumerate() {
            number += 1;
            let sends = table::sent(experiment);
            if sends != sent {
                output.write(sends.as_bytes())?;
                sent = sends;
            }
            if place == 0 {
                output.write(table::heading(group).as_bytes())?;
            }
            let (outcome, run) = lab::run(experiment)?;
            recorded.push_str(&record::lines(number, experiment, &run));
            output.write(table::row(number, experiment, &outcome).as_bytes())?;
            outcomes.push(outcome);
        }
        results.push((group, outcomes));
    }
    output.write(table::verdict(&results).as_bytes())?;
    if let Some(file) = &options.record {
        fs::write(file, recorded).map_err(|error| {
            let (file, why) = (file.display(), reason(&error));
            Failure::new(format!(
                "cannot write the record {file} ({why}); name a file in a folder of yours"
            ))
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
