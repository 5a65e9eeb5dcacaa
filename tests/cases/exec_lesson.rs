//! Tests `exec-server` and `exec-client` in the lesson's three protocols: with each other, with the
//! lesson's scripts, and with misbehaving peers.

mod body;
mod browser;
mod client_header;
mod client_length;
mod client_lines;
mod crowd;
mod departure;
mod ending;
mod lifecycle;
mod matrix;
mod reply;
mod request;
pub mod terminal;

use std::fmt::Display;
use std::net::SocketAddr;
use std::process::{Command, Output};

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::net::ANY_PORT;
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::server::Server;

const PROTOCOLS: [&str; 3] = ["raw", "length", "header"];

/// `exec-server` in this protocol.
fn server_command(protocol: &str, options: &[&str], endpoint: impl Display) -> Command {
    let mut command = Command::new(artifacts().tool("exec-server"));
    command.args(["--protocol", protocol, "--no-auth"]);
    command.args(options).arg(endpoint.to_string());
    command
}

/// Starts it on a port that the kernel chooses.
#[track_caller]
fn serve(protocol: &str, options: &[&str]) -> Server {
    Server::start(server_command(protocol, options, ANY_PORT))
}

/// `exec-client` in this protocol, for commands on its standard input.
fn client_command(protocol: &str, endpoint: impl Display, options: &[&str]) -> Command {
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.args(["--protocol", protocol]).args(options);
    client.arg(endpoint.to_string());
    client
}

/// Starts `exec-client` with one command.
#[track_caller]
fn start(protocol: &str, addr: SocketAddr, options: &[&str], command: &str) -> Process {
    let mut client = client_command(protocol, addr, options);
    client.arg(command);
    Process::spawn(client)
}

/// Runs one command with `exec-client`.
#[track_caller]
fn run(protocol: &str, addr: SocketAddr, options: &[&str], command: &str) -> Output {
    start(protocol, addr, options, command).finish(SOON)
}

/// Runs these lines of commands with one `exec-client`.
#[track_caller]
fn run_lines(protocol: &str, addr: SocketAddr, lines: &[u8]) -> Output {
    let mut client = Process::spawn(client_command(protocol, addr, &[]));
    client.send(lines);
    client.finish(SOON)
}

/// The client's one line of error; it must exit with 255.
#[track_caller]
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(255), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("error: "), "{text}");
    text
}

/// The client's output; it must succeed.
#[track_caller]
fn shown(output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Ends a test of a server with a new client.
#[track_caller]
fn assert_alive(server: &mut Server, protocol: &'static str) {
    server.assert_alive(move |addr| {
        assert_eq!(shown(run(protocol, addr, &[], "echo alive")), "alive\n");
    });
}

/// Whether the server runs a command of that name.
fn runs(server: &Server, name: &str) -> bool {
    let children = procfs::children(server.process.pid()).unwrap();
    children.iter().any(|child| child.name == name)
}

/// A header with its length before it.
fn framed(header: &str) -> Vec<u8> {
    let length = i32::try_from(header.len()).unwrap();
    [&length.to_le_bytes(), header.as_bytes()].concat()
}
