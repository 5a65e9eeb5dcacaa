//! Runs shell commands for its clients: what the Python lesson calls a simulated ssh.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the command line |
//! | `serve` | checks and starts the server; on Windows, reports that there is none |
//! | `context` | the state that all connections share |
//! | `client`, `close_reason` | one connection; how it ended |
//! | `lesson` | the lesson's three protocols: raw, length, header |
//! | `session` | ours: authenticated and streaming |
//! | `engine` | runs commands; knows neither sockets nor protocols |

#![deny(clippy::print_stdout, clippy::print_stderr)]
// The command line is the same on every system, so that --help is the same.
#![cfg_attr(not(unix), allow(dead_code))]

#[cfg(unix)]
mod client;
#[cfg(unix)]
mod close_reason;
#[cfg(unix)]
mod context;
#[cfg(unix)]
mod engine;
#[cfg(unix)]
mod lesson;
mod options;
#[cfg_attr(not(unix), path = "no_server.rs")]
mod serve;
#[cfg(unix)]
mod session;

use std::process::ExitCode;

/// The stack of a connection's thread. It also pumps a command's output and seals frames, so it
/// gets twice the stack of an echo server.
const STACK: usize = 128 * 1024;

fn main() -> ExitCode {
    proto::cli::run(&options::TOOL, serve::serve)
}
