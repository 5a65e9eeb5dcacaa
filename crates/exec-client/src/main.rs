//! Runs commands on an `exec-server`, or on one of the Python lesson's servers.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the command line |
//! | `lesson` | the lesson's three protocols: raw, length, header |
//! | `session` | ours: authenticated and streaming |
//! | `body` | passing an output of known length on, without holding it |

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod body;
mod lesson;
mod options;
mod session;

use std::process::ExitCode;

use lesson::Lesson;
use options::{Options, TOOL};
use proto::cli::{self, Failure, Lines};
use proto::wire::Protocol;
use session::Session;

/// What a shell says of a program that `SIGPIPE` has ended: whoever read our output has left, and
/// nobody knows how the command would have ended. It must not pass for one that ended well.
const READER_LEFT: u8 = 128 + 13;

fn main() -> ExitCode {
    cli::run(&TOOL, work)
}

/// A connection, whatever it speaks.
enum Remote<'o> {
    Lesson(Lesson<'o>),
    Session(Box<Session<'o>>),
}

impl Remote<'_> {
    /// Runs one command, and gives the status to exit with.
    fn run(&mut self, command: &[u8]) -> Result<u8, Failure> {
        match self {
            Self::Lesson(lesson) => lesson.run(command).map(|()| 0),
            Self::Session(session) => session.run(command),
        }
    }
}

/// What does not go together, however good each is by itself.
fn check(options: &Options) -> Result<(), Failure> {
    let wrong = match (&options.command, options.protocol) {
        (None, _) if options.stdin => {
            "--stdin forwards standard input to one command; name it after the endpoint"
        }
        (_, protocol) if options.stdin && protocol != Protocol::Session => {
            "--stdin needs --protocol session"
        }
        (_, protocol) if options.verify_hash && protocol != Protocol::Header => {
            "--verify-hash needs --protocol header; a session verifies every frame anyway"
        }
        // An empty command would not even be sent, and its answer never come.
        (Some(command), protocol) if command.is_empty() && protocol != Protocol::Session => {
            "COMMAND: \"\" is no command"
        }
        _ => return Ok(()),
    };
    Err(Failure::usage(wrong))
}

fn work(options: Options) -> Result<ExitCode, Failure> {
    check(&options)?;
    match run_commands(&options) {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(failure) if failure.is_output_closed() => Ok(ExitCode::from(READER_LEFT)),
        Err(failure) => Err(failure),
    }
}

/// The status of the last command, as a shell has it.
fn run_commands(options: &Options) -> Result<u8, Failure> {
    let mut remote = match options.protocol {
        Protocol::Session => Remote::Session(Box::new(Session::open(options)?)),
        _ => Remote::Lesson(Lesson::open(options)?),
    };
    if let Some(command) = &options.command {
        return remote.run(command);
    }
    let mut lines = Lines::with_prompt(">>: ");
    let (mut line, mut status) = (Vec::new(), 0);
    while lines.next(&mut line)? {
        // As in the lesson: nothing is no command.
        if !line.trim_ascii().is_empty() {
            status = remote.run(&line)?;
        }
    }
    Ok(status)
}
