//! Runs shell commands for its clients: what the Python lesson calls a simulated ssh.
//!
//! | module | what it is for |
//! |---|---|
//! | `options` | the command line |
//! | `serve` | what is checked and started; on other systems than Linux, why there is no server |
//! | `context` | what all connections share |
//! | `client`, `close_reason` | one connection; how it ended |
//! | `lesson` | the lesson's three protocols: raw, length, header |
//! | `session` | ours: authenticated and streaming |
//! | `engine` | running a command; knows neither sockets nor protocols |
//! | `unauthenticated` | the limit on connections that are not authenticated yet |

#![deny(clippy::print_stdout, clippy::print_stderr)]
// The command line is the same everywhere, so that --help is.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod close_reason;
#[cfg(target_os = "linux")]
mod context;
#[cfg(target_os = "linux")]
mod engine;
#[cfg(target_os = "linux")]
mod lesson;
mod options;
#[cfg_attr(not(target_os = "linux"), path = "no_server.rs")]
mod serve;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod unauthenticated;

use std::process::ExitCode;

/// The stack of a connection's thread. It pumps a command's output and seals frames besides
/// talking, so it gets twice what an echo needs.
const STACK: usize = 128 * 1024;

fn main() -> ExitCode {
    proto::cli::run(&options::TOOL, serve::serve)
}
