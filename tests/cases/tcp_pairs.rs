//! Tests every pair of an upper-case server and client over TCP.

use std::net::SocketAddr;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::program::Program::{self, Python, Rust};
use cross_process::program::{each_pair, printed_for};

const SERVERS: [Program; 5] = [
    Python("tcp_server"),
    Rust("tcp_server"),
    Python("thread_server"),
    Rust("thread_server"),
    Python("threading_tcp_server"),
];
const CLIENTS: [Program; 2] = [Python("tcp_client"), Rust("tcp_client")];

/// A new client, which must be served.
fn fresh_client(addr: SocketAddr) {
    assert_eq!(net::ask(&net::connect(addr), b"fresh", 5), b"FRESH");
}

#[test]
fn every_client_works_with_every_server() {
    let kilobyte = "k".repeat(1024);
    let lines = [
        "hello",
        "",
        "  Two Words\t",
        "naïve 啊",
        "a\\b\x07",
        &kilobyte,
    ];
    let replies = [
        "b'HELLO'",
        "b'TWO WORDS'",
        r"b'NA\xc3\xafVE \xe5\x95\x8a'",
        r"b'A\\B\x07'",
        &format!("b'{}'", kilobyte.to_uppercase()),
    ];
    let typed = lines.join("\n") + "\n";
    each_pair(&SERVERS, &CLIENTS, |server, client| {
        let shown = printed_for(&typed, client);
        assert_eq!(shown.lines().collect::<Vec<_>>(), replies);
        server.assert_alive(fresh_client);
    });
}

#[test]
fn every_server_changes_only_ascii_letters() {
    let all: Vec<u8> = (0..=255).collect();
    for mut server in SERVERS.into_iter().filter_map(Program::serve) {
        let conn = net::connect(server.addr());
        assert_eq!(net::ask(&conn, &all, 256), all.to_ascii_uppercase());
        net::half_close(&conn);
        assert_eq!(net::read_to_end(&conn, SOON), b"");
        drop(conn);
        server.assert_alive(fresh_client);
    }
}

#[test]
fn every_server_survives_a_reset() {
    for mut server in SERVERS.into_iter().filter_map(Program::serve) {
        let conn = net::connect(server.addr());
        net::send(&conn, b"an answer that is not read");
        net::reset(conn);
        server.assert_alive(fresh_client);
    }
}
