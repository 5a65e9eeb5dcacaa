//! Tests the upper-case scripts and tools over UDP.

mod flood;
mod hostile;
mod loss;
mod matrix;
mod pace;
mod scripts;

use std::net::SocketAddr;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{A_MOMENT, Deadline, SOON};
use cross_process::net::{self, ANY_PORT};
use cross_process::server::Server;

/// `udp-server` with these options, on a port that the kernel chooses.
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

/// Waits until the server has answered all datagrams in its queue: sends numbered questions until
/// the last one is answered. Returns how many it sent, because the kernel drops those that find the
/// queue full.
#[track_caller]
fn wait_until_drained(server: SocketAddr) -> u64 {
    let socket = net::udp(server);
    socket.set_read_timeout(Some(A_MOMENT)).unwrap();
    let deadline = Deadline::after(SOON);
    let mut number = 0;
    loop {
        number += 1;
        // Only the answer to the last question shows that the queue is empty.
        let question = format!("{number}");
        socket.send(question.as_bytes()).unwrap();
        let mut answer = [0; 20];
        while let Ok(size) = net::again(|| socket.recv(&mut answer)) {
            if answer[..size] == *question.as_bytes() {
                return number;
            }
        }
        assert!(deadline.remaining().is_some(), "the queue stays full");
    }
}

/// For [`Server::assert_alive`].
fn fresh_client(address: SocketAddr) {
    assert_eq!(net::ask_udp(&net::udp(address), b"fresh"), b"FRESH");
}
