//! Upper case over UDP: the lesson's scripts and the tools.

mod flood;
mod hostile;
mod loss;
mod matrix;
mod scripts;

use std::net::SocketAddr;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::net::{self, ANY_PORT};
use cross_process::server::Server;

/// `udp-server` with these options, on a port that the system chooses.
fn serve(options: &[&str]) -> Server {
    serve_at(ANY_PORT, options)
}

fn serve_at(address: SocketAddr, options: &[&str]) -> Server {
    let mut command = Command::new(artifacts().tool("udp-server"));
    command.args(options).arg(address.to_string());
    Server::start(command)
}

/// The command of `udp-client` with these options.
fn client(options: &[&str], server: SocketAddr) -> Command {
    let mut command = Command::new(artifacts().tool("udp-client"));
    command.args(options).arg(server.to_string());
    command
}

/// For [`Server::assert_alive`].
fn fresh_client(address: SocketAddr) {
    assert_eq!(net::ask_udp(&net::udp(address), b"fresh"), b"FRESH");
}
