//! Tests the clients of the internet chapter, in both languages, with third-party servers and with
//! the conversations that the chapter shows.

mod files;
mod mail;
mod news;
mod terminal;
mod wire;

use std::net::SocketAddr;
use std::process::Output;

use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust};

/// A client in both languages.
fn both(stem: &'static str) -> [Program; 2] {
    [Python(stem), Rust(stem)]
}

/// Starts a client of the server at this address, with more arguments.
fn start(client: Program, addr: SocketAddr, args: &[&str], stdin: &str) -> Option<Process> {
    eprintln!("client {client:?} {args:?}");
    let mut command = client.bare_command()?;
    command
        .arg(addr.ip().to_string())
        .arg(addr.port().to_string())
        .args(args);
    let mut process = Process::spawn(command);
    process.send(stdin.as_bytes());
    process.close_stdin();
    Some(process)
}

/// The standard output of a client, which must succeed.
fn printed(client: Program, addr: SocketAddr, args: &[&str]) -> Option<String> {
    Some(text_of(&start(client, addr, args, "")?.finish(SOON)))
}

/// The standard error of a client, which must fail.
fn complaint(client: Program, addr: SocketAddr, args: &[&str]) -> Option<String> {
    let finished = start(client, addr, args, "")?.finish(SOON);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    Some(String::from_utf8_lossy(&finished.stderr).into_owned())
}

fn text_of(finished: &Output) -> String {
    assert!(finished.status.success(), "{finished:?}");
    assert_eq!(finished.stderr, b"");
    String::from_utf8_lossy(&finished.stdout).into_owned()
}
