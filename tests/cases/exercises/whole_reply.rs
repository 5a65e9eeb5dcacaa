//! Exercise 2: a client takes the whole reply, and nothing but the reply.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{Python, Rust};

pub fn check(program: &Path) {
    for server in [Rust("tcp_server"), Python("tcp_server")] {
        if let Some(server) = server.serve() {
            long_reply(program, server.addr());
        }
    }
    slow_reply(program);
    reply_cut_short(program);
}

fn start(program: &Path, server: SocketAddr) -> Process {
    let mut command = Command::new(program);
    command.arg(server.port().to_string());
    Process::spawn(command)
}

/// A reply that no single read takes.
fn long_reply(program: &Path, server: SocketAddr) {
    let mut client = start(program, server);
    client.send_line(&"x".repeat(5000));
    let Some(shown) = client.stdout.next_line(SOON) else {
        client.fail(
            "the server has answered a line of 5000 bytes, and your client shows nothing: does it \
             wait for more than the 5000 that come?",
        );
    };
    let taken = shown.matches('X').count();
    assert_eq!(
        taken, 5000,
        "of the 5000 bytes that answer a line of 5000, your client shows {taken}"
    );
    client.send_line("and then");
    let shown = client.wait_line(SOON);
    assert_eq!(
        shown, "b'AND THEN'",
        "behind the long line, the reply to `and then` comes out wrong"
    );
    let finished = client.finish(SOON);
    assert!(
        finished.status.success(),
        "when its input ends, your client should end too, without an error"
    );
}

/// A reply that comes a byte at a time, as over a slow network.
fn slow_reply(program: &Path) {
    let listener = net::listen();
    let mut client = start(program, listener.local_addr().unwrap());
    client.send_line("slowly");
    let server = net::accept(&listener);
    net::read_exact(&server, "slowly".len(), SOON);
    net::send_slowly(&server, b"SLOWLY", Duration::from_millis(5)).unwrap();
    let shown = client.wait_line(SOON);
    assert_eq!(
        shown, "b'SLOWLY'",
        "when a reply arrives byte by byte, your client does not wait for all of it"
    );
}

/// A server that leaves in the middle of a reply.
fn reply_cut_short(program: &Path) {
    let listener = net::listen();
    let mut client = start(program, listener.local_addr().unwrap());
    client.send_line("goodbye");
    let server = net::accept(&listener);
    net::read_exact(&server, "goodbye".len(), SOON);
    net::send(&server, b"GOOD");
    drop(server);
    let status = client.wait_exit_or(
        SOON,
        "the server has left after 4 of 7 bytes, and your client goes on waiting for the rest: what \
         does a read give when no more will come?",
    );
    assert!(
        !status.success(),
        "the server has left after 4 of 7 bytes, and your client ends as if all were well"
    );
}
