//! Sticky and split messages. The server is stopped while the client sends and closes, so that all
//! bytes have arrived when it reads: the result does not depend on timing.

use std::process::Command;

use cross_process::deadline::SOON;
use cross_process::net::{self, ANY_PORT};
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust};
use cross_process::server::Server;
use cross_process::signal::Signal;

const SERVERS: [Program; 2] = [Python("sticky_server"), Rust("sticky_server")];
const CLIENTS: [Program; 2] = [Python("sticky_client"), Rust("sticky_client")];

/// Starts a server that reads pieces of these sizes.
fn serve(server: Program, sizes: &[&str]) -> Option<Server> {
    let mut command = server.command(ANY_PORT)?;
    command.args(sizes);
    Some(Server::start(command))
}

/// The server's output for the bytes of `client`, which has already closed.
fn shown(mut server: Server, client: impl FnOnce(&Server)) -> Vec<String> {
    server.process.halt();
    client(&server);
    server.process.signal(Signal::Continue);
    let finished = server.process.finish(SOON);
    assert!(finished.status.success(), "{finished:?}");
    let stdout = String::from_utf8(finished.stdout).unwrap();
    stdout.lines().skip(1).map(str::to_owned).collect()
}

fn send(client: Program, server: &Server, messages: &[&str]) {
    let Some(mut command): Option<Command> = client.command(server.addr()) else {
        return;
    };
    command.args(messages);
    assert!(Process::spawn(command).finish(SOON).status.success());
}

fn assert_every_pair_shows(sizes: &[&str], messages: &[&str], expected: &[&str]) {
    for server in SERVERS {
        for client in CLIENTS {
            eprintln!("server {server:?}, client {client:?}");
            if let (Some(server), true) = (serve(server, sizes), client.command(ANY_PORT).is_some())
            {
                let shown = shown(server, |server| send(client, server, messages));
                assert_eq!(shown, expected);
            }
        }
    }
}

#[test]
fn two_sends_are_read_as_one() {
    assert_every_pair_shows(&[], &[], &["-----> b'helloworld'", "-----> b''"]);
}

#[test]
fn one_send_is_read_as_two() {
    assert_every_pair_shows(
        &["2", "10"],
        &["hello feng"],
        &["-----> b'he'", "-----> b'llo feng'"],
    );
}

#[test]
fn a_read_may_split_a_character() {
    assert_every_pair_shows(
        &["2", "10"],
        &["啊"],
        &[r"-----> b'\xe5\x95'", r"-----> b'\x8a'"],
    );
}

#[test]
fn nagle_is_not_the_cause() {
    for server in SERVERS.into_iter().filter_map(|server| serve(server, &[])) {
        let shown = shown(server, |server| {
            let conn = net::connect(server.addr());
            conn.set_nodelay(true).unwrap();
            net::send(&conn, b"hello");
            net::send(&conn, b"world");
        });
        assert_eq!(shown, ["-----> b'helloworld'", "-----> b''"]);
    }
}
