//! Replaces the lesson's scripts by the tools, on either side: the bytes on the wire stay the same.

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust, Tool};
use cross_process::program::{each_pair, printed_for};

use super::scripts::{CLIENTS, SERVERS};

const SERVER_TOOLS: [Program; 2] = [
    Tool("udp-server", &[]),
    Tool("udp-server", &["--recv-size", "1024", "--trace"]),
];
const CLIENT_TOOLS: [Program; 2] = [
    Tool("udp-client", &["--bytes"]),
    Tool("udp-client", &["--bytes", "--recv-size", "1024", "--trace"]),
];

#[test]
fn every_pair_with_a_tool_works() {
    let kilobyte = "k".repeat(1024);
    // The last line has no line end.
    let typed = format!("hello\n\nna\u{ef}ve \u{554a}\n{kilobyte}\nlast");
    let shown = format!(
        "b'HELLO'\nb''\nb'NA\\xc3\\xafVE \\xe5\\x95\\x8a'\nb'{}'\nb'LAST'\n",
        kilobyte.to_uppercase()
    );
    let mut check = |server: &mut cross_process::server::Server, client| {
        let all = printed_for(&typed, client);
        assert_eq!(all.trim_end(), shown.trim_end());
        server.assert_nothing_left();
    };
    each_pair(&SERVER_TOOLS, &CLIENTS, &mut check);
    each_pair(&SERVERS, &CLIENT_TOOLS, &mut check);
    each_pair(&SERVER_TOOLS, &CLIENT_TOOLS, &mut check);
}

/// All 256 byte values, in datagrams that fit and in one that is cut, from one socket.
#[test]
fn every_server_gives_the_same_bytes() {
    let bytes: Vec<u8> = (0..=255).cycle().take(9000).collect();
    for (programs, most) in [
        (
            &[Python("udp_server"), Rust("udp_server"), SERVER_TOOLS[1]][..],
            1024,
        ),
        (
            &[
                Python("threading_udp_server"),
                Rust("threading_udp_server"),
                Tool("udp-server", &["--recv-size", "8192"]),
            ],
            8192,
        ),
        (&[SERVER_TOOLS[0]], 9000),
    ] {
        for server in programs.iter().filter_map(|program| program.serve()) {
            let socket = net::udp(server.addr());
            for length in [0, 1, 256, most - 1, most, most + 1, bytes.len()] {
                let length = length.min(bytes.len());
                let answer = net::ask_udp(&socket, &bytes[..length]);
                let expected = bytes[..length.min(most)].to_ascii_uppercase();
                assert!(answer == expected, "{programs:?}: {length}");
            }
        }
    }
}

/// The client tool reports bytes that the lesson's server drops silently.
#[test]
fn the_client_tool_reports_what_the_lessons_server_cuts() {
    for script in [Python("udp_server"), Rust("udp_server")] {
        let Some(server) = script.serve() else {
            continue;
        };
        let client = Tool("udp-client", &["--quiet"]).command(server.addr());
        let mut client = Process::spawn(client.unwrap());
        client.send("a".repeat(2000).as_bytes());
        let ended = client.finish(SOON);
        assert_eq!(ended.status.code(), Some(1));
        assert_eq!(ended.stdout, ["A".repeat(1024).as_bytes(), b"\n"].concat());
        assert_eq!(
            String::from_utf8_lossy(&ended.stderr),
            format!(
                "error: the answer of {} has 1024 of 2000 bytes (the server cut the message); does \
                 it receive that much at a time?\n",
                server.endpoint()
            )
        );
    }
}
