//! Exercise 10: clients that take the places of a server with a cap, and leave in three ways.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::server::Server;

/// Sends them to the program.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("127.0.0.1:0");
    let mut server = Server::start(command);

    let clients = [1, 2, 3].map(|number| match served(&server) {
        Some(client) => client,
        None => server.process.fail(&format!(
            "client {number} is told busy, with {} others there",
            number - 1
        )),
    });
    assert_full(&server, "the three are still there");

    let [closes, resets, panics] = clients;
    drop(closes);
    let one = assert_room(&server, "one of the three has closed");
    assert_full(&server, "its place was taken again");

    net::send(&resets, b"x");
    net::reset(resets);
    let two = assert_room(&server, "one of the three has reset its connection");
    assert_full(&server, "its place was taken again");

    net::send(&panics, b"why?");
    let three = assert_room(&server, "the thread of one of the three has panicked");
    assert_full(&server, "its place was taken again");

    drop((one, two, three, panics));
    server.lets_go_within = SOON;
    server.assert_nothing_left();
}

/// A client, if it is served; not if it is told busy.
fn served(server: &Server) -> Option<TcpStream> {
    let client = net::connect(server.addr());
    net::send(&client, b"hello");
    let answer = net::read_exact(&client, 5, SOON);
    match &answer[..] {
        b"HELLO" => Some(client),
        b"busy\n" => None,
        other => server.process.fail(&format!(
            "a client has sent b\"hello\" and got b\"{}\", which is neither b\"HELLO\" nor b\"busy\\n\"",
            other.escape_ascii()
        )),
    }
}

#[track_caller]
fn assert_full(server: &Server, why: &str) {
    if served(server).is_some() {
        server
            .process
            .fail(&format!("a fourth client is served, although {why}"));
    }
}

#[track_caller]
fn assert_room(server: &Server, why: &str) -> TcpStream {
    // The thread may need a moment to notice.
    match poll(SOON, || served(server)) {
        Some(client) => client,
        None => server.process.fail(&format!(
            "a new client is told busy for {SOON:?}, although {why}"
        )),
    }
}
