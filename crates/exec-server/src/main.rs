//! Runs shell commands for whoever may ask: the lesson's simulated ssh, server side.

#![deny(clippy::print_stdout, clippy::print_stderr)]
// Until the protocols call it, nothing outside the tests uses the engine.
#![allow(dead_code, unused_imports)]

mod engine;

/// Stands in for the command line, which comes with the protocols.
fn main() {}
