//! Tests clients that leave before their command has ended.

use cross_process::deadline::{SOON, poll};
use cross_process::net;

use super::{PROTOCOLS, assert_alive, runs, serve};

#[test]
fn a_command_whose_client_resets_is_ended() {
    let mut server = serve("raw", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo an answer that is not read");
    let mut byte = [0];
    net::again(|| conn.peek(&mut byte)).unwrap();
    net::send(&conn, b"exec sleep 1000");
    assert!(poll(SOON, || runs(&server, "sleep").then_some(())).is_some());
    // The unread answer makes closing send a reset.
    drop(conn);
    assert!(poll(SOON, || (!runs(&server, "sleep")).then_some(())).is_some());
    assert_alive(&mut server, "raw");
}

#[test]
fn a_reset_ends_only_its_own_connection() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let conn = net::connect(server.addr());
        net::send(&conn, b"seq 100000");
        net::reset(conn);
        assert_alive(&mut server, protocol);
    }
}

/// `printf 'echo hi' | nc -N`: the end of the client's stream only means that there are no more
/// commands.
#[test]
fn a_client_that_half_closes_still_gets_its_output() {
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
    // In this protocol the client would have to answer the length, so it gets only the length.
    let mut server = serve("length", &[]);
    let conn = net::connect(server.addr());
    net::send(&conn, b"echo hi");
    net::half_close(&conn);
    assert_eq!(net::read_to_end(&conn, SOON), b"3");
    assert_alive(&mut server, "length");
}

/// The tool's hash is the real SHA-256: `printf 'hi\n' | sha256sum`.
const HEADER_OF_HI: &str = "{\"filename\": \"a.txt\", \"total_size\": 3, \"hash\": \
    \"98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4\"}";
