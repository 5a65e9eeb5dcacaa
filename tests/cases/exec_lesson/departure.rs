//! Clients that leave before their command is over.

use cross_process::deadline::{SOON, poll};
use cross_process::net;

use super::{PROTOCOLS, assert_alive, runs, serve};

#[test]
fn a_command_whose_client_resets_is_ended() {
    let mut server = serve("raw", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo an answer that nobody reads");
    let mut byte = [0];
    net::again(|| conn.peek(&mut byte)).unwrap();
    net::send(&conn, b"exec sleep 1000");
    assert!(poll(SOON, || runs(&server, "sleep").then_some(())).is_some());
    // What was not read makes the end of the connection a reset.
    drop(conn);
    assert!(poll(SOON, || (!runs(&server, "sleep")).then_some(())).is_some());
    assert_alive(&mut server, "raw");
}

#[test]
fn a_reset_ends_its_own_connection_alone() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let conn = net::connect(server.addr());
        net::send(&conn, b"seq 100000");
        net::reset(conn);
        assert_alive(&mut server, protocol);
    }
}

/// `printf 'echo hi' | nc -N`: the end of what it sends says "no more commands" and nothing else.
#[test]
fn a_client_that_sends_no_more_still_gets_its_output() {
    for (protocol, expected) in [
        ("raw", &b"hi\n"[..]),
        ("header", &super::framed(HEADER_OF_HI)),
    ] {
        let mut server = serve(protocol, &[]);
        let conn = net::connect(server.addr());
        net::send(&conn, b"sleep 0.1; echo hi");
        net::half_close(&conn);
        let answer = net::read_to_end(&conn, SOON);
        assert!(answer.starts_with(expected) && answer.ends_with(b"hi\n"));
        drop(conn);
        assert_alive(&mut server, protocol);
    }
    // Here it still has to say that it has the length, so that is all it gets.
    let mut server = serve("length", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo hi");
    net::half_close(&conn);
    assert_eq!(net::read_to_end(&conn, SOON), b"3");
    assert_alive(&mut server, "length");
}

/// The tool's hash is the real one: `printf 'hi\n' | sha256sum`.
const HEADER_OF_HI: &str = "{\"filename\": \"a.txt\", \"total_size\": 3, \"hash\": \
    \"98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4\"}";
