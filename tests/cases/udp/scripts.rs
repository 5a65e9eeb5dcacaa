//! Tests the lesson's scripts in both languages: every server with every client.

use cross_process::net;
use cross_process::program::Program::{self, Python, Rust};
use cross_process::program::{each_pair, printed_for};

pub const SERVERS: [Program; 4] = [
    Python("udp_server"),
    Rust("udp_server"),
    Python("threading_udp_server"),
    Rust("threading_udp_server"),
];
pub const CLIENTS: [Program; 2] = [Python("udp_client"), Rust("udp_client")];

#[test]
fn every_client_works_with_every_server() {
    let kilobyte = "k".repeat(1024);
    let lines = ["hello", "", "naïve 啊", &kilobyte];
    let answers = [
        "b'HELLO'",
        "b''",
        r"b'NA\xc3\xafVE \xe5\x95\x8a'",
        &format!("b'{}'", kilobyte.to_uppercase()),
    ];
    let typed = lines.join("\n") + "\n";
    each_pair(&SERVERS, &CLIENTS, |server, client| {
        let shown = printed_for(&typed, client);
        assert_eq!(shown.lines().collect::<Vec<_>>(), answers);
        server.assert_nothing_left();
    });
}

#[test]
fn every_server_changes_only_ascii_letters() {
    let all: Vec<u8> = (0..=255).collect();
    for server in SERVERS.into_iter().filter_map(Program::serve) {
        let socket = net::udp(server.addr());
        assert_eq!(net::ask_udp(&socket, &all), all.to_ascii_uppercase());
        assert_eq!(net::ask_udp(&socket, b""), b"");
    }
}

#[test]
fn a_datagram_is_cut_to_the_servers_buffer() {
    for (program, most) in [
        (Python("udp_server"), 1024),
        (Rust("udp_server"), 1024),
        (Python("threading_udp_server"), 8192),
        (Rust("threading_udp_server"), 8192),
    ] {
        let Some(server) = program.serve() else {
            continue;
        };
        let socket = net::udp(server.addr());
        for length in [most - 1, most, most + 1, 65_507] {
            let answer = net::ask_udp(&socket, &vec![b'a'; length]);
            assert_eq!(
                answer,
                vec![b'A'; length.min(most)],
                "{program:?}, {length}"
            );
        }
    }
}

#[test]
fn every_server_survives_a_client_that_is_gone_when_the_answer_comes() {
    for mut server in SERVERS.into_iter().filter_map(Program::serve) {
        server.process.halt();
        net::udp(server.addr())
            .send(b"this answer is not received")
            .unwrap();
        server
            .process
            .signal(cross_process::signal::Signal::Continue);
        assert_eq!(net::ask_udp(&net::udp(server.addr()), b"fresh"), b"FRESH");
        server.assert_nothing_left();
    }
}
