//! Tests `tcp-server` and `tcp-client` as processes: with each other, with the lesson's scripts,
//! and with misbehaving peers.

mod chaos;
mod client;
mod client_errors;
mod client_stream;
mod client_waits;
mod conversation;
mod crowd;
mod lifecycle;
mod matrix;
mod panics;
mod shortage;
mod stalls;
mod takeover;
mod trace;
mod unix;
mod unix_paths;
pub mod unprivileged;

use std::net::SocketAddr;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::poll;
use cross_process::net;
use cross_process::net::ANY_PORT;
use cross_process::server::Server;
use cross_process::skip::skip;

/// `tcp-server` with these arguments.
fn server_command(words: &[&str]) -> Command {
    let mut command = Command::new(artifacts().tool("tcp-server"));
    command.args(words);
    command
}

/// `tcp-client` with these arguments.
fn client_command(words: &[&str]) -> Command {
    let mut command = Command::new(artifacts().tool("tcp-client"));
    command.args(words);
    command
}

/// `tcp-server` with these options, on a port that the kernel chooses.
#[track_caller]
fn serve(options: &[&str]) -> Server {
    let mut command = server_command(options);
    command.arg(ANY_PORT.to_string());
    Server::start(command)
}

/// The new client at the end of a server's test.
fn upper_case_client(addr: SocketAddr) {
    assert_eq!(net::ask(&net::connect(addr), b"ping", 4), b"PING");
}

/// Connects until a connection is served: the server may still count the previous one.
#[track_caller]
fn wait_until_served(addr: SocketAddr) -> std::net::TcpStream {
    let attempt = || {
        let stream = net::connect(addr);
        net::send(&stream, b"x");
        (net::read_exact(&stream, 1, cross_process::deadline::SOON) == b"X").then_some(stream)
    };
    match poll(cross_process::deadline::SOON, attempt) {
        Some(stream) => stream,
        None => panic!("{addr} refuses every client"),
    }
}
