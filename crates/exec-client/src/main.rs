//! Runs commands on an `exec-server`, or on one of the Python lesson's servers.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the command line |
//! | `lines` | commands from standard input: the prompt, and scripts |
//! | `lesson` | the lesson's three protocols: raw, length, header |
//! | `session` | ours: authenticated and streaming |

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod lesson;
mod lines;
mod options;
mod session;

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use lesson::Lesson;
use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::net::{DeadlineStream, Stream};
use proto::wire::Protocol;
use session::Session;

/// A shell's status for a program that `SIGPIPE` has ended. If the reader of our output has closed
/// it, the command's own status is unknown, and 0 would look like a success.
const READER_LEFT: u8 = 128 + 13;

fn main() -> ExitCode {
    cli::run(&TOOL, work)
}

/// A connection in one of the protocols.
enum Remote {
    Lesson(Lesson),
    Session(Session),
}

impl Remote {
    fn open(options: &'static Options) -> Result<Self, Failure> {
        Ok(match options.protocol {
            Protocol::Session => Self::Session(Session::open(options)?),
            _ => Self::Lesson(Lesson::open(options)?),
        })
    }

    /// Runs one command, over a new connection if the server has closed the last one. Returns its
    /// exit status, as in a shell.
    fn run(&mut self, command: &[u8], with_input: bool) -> Result<u8, Failure> {
        match self {
            Self::Lesson(lesson) => lesson.run(command),
            Self::Session(session) => session.run(command, with_input),
        }
    }
}

/// Reads the rest of an unexpected line for a moment.
fn rest_of_line(stream: &Stream, said: &mut Vec<u8>) {
    let rest = DeadlineStream::after(stream, Duration::from_millis(200));
    // An error is not reported, because the caller has one.
    let _ = rest.take(500).read_to_end(said);
}

fn work(options: &'static Options) -> Result<ExitCode, Failure> {
    match run_commands(options) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(failure) if failure.is_output_closed() => Ok(ExitCode::from(READER_LEFT)),
        Err(failure) => Err(failure),
    }
}

fn run_commands(options: &'static Options) -> Result<u8, Failure> {
    let mut remote = Remote::open(options)?;
    match &options.command {
        Some(command) => remote.run(command, !options.no_input),
        None => lines::run(&mut remote, options),
    }
}
