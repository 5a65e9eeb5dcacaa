//! Tests every pair of a tool and a script, in both languages and in each protocol.

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust, Tool};
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::{
    PROTOCOLS, assert_alive, client_command, framed, run, run_lines, serve, server_command, shown,
};

/// The servers of a protocol, the tool last.
fn servers(protocol: &str) -> [Program; 3] {
    match protocol {
        "raw" => [
            Python("exec_naive_server"),
            Rust("exec_naive_server"),
            Tool("exec-server", &["--protocol", "raw", "--no-auth"]),
        ],
        "length" => [
            Python("length_server"),
            Rust("length_server"),
            Tool("exec-server", &["--protocol", "length", "--no-auth"]),
        ],
        _ => [
            Python("header_server"),
            Rust("header_server"),
            Tool("exec-server", &["--protocol", "header", "--no-auth"]),
        ],
    }
}

#[test]
fn the_client_shows_every_servers_output_byte_for_byte() {
    let long: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    for protocol in PROTOCOLS {
        for server in servers(protocol) {
            let Some(server) = server.serve() else {
                continue;
            };
            let done = run(protocol, server.addr(), &[], "printf 'a\\0\\377\\r\\nb'");
            assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
            assert_eq!(done.stdout, b"a\0\xff\r\nb");
            assert_eq!(shown(run(protocol, server.addr(), &[], "seq 20000")), long);
        }
    }
}

/// After an empty output a length server sends no body.
#[test]
fn lines_of_commands_are_answered_in_order_by_every_server() {
    let lines = b"echo one\n\ntrue\necho two\r\n \necho alone >&2\ntrue\nprintf three";
    for protocol in PROTOCOLS {
        for server in servers(protocol) {
            let Some(server) = server.serve() else {
                continue;
            };
            for _ in 0..4 {
                let output = run_lines(protocol, server.addr(), lines);
                assert_eq!(shown(output), "one\ntwo\nalone\nthree", "{protocol}");
            }
        }
    }
}

#[test]
fn both_outputs_are_combined_as_the_protocol_says() {
    let command = "echo out; echo err >&2; echo more";
    for (protocol, expected) in [
        ("raw", "out\nmore\nerr\n"),
        ("length", "out\nmore\n"),
        ("header", "out\nmore\nerr\n"),
    ] {
        for (number, server) in servers(protocol).into_iter().enumerate() {
            let Some(server) = server.serve() else {
                continue;
            };
            let output = run(protocol, server.addr(), &[], command);
            assert_eq!(shown(output), expected, "{protocol}");
            let is_tool = number == 2;
            if protocol == "length" && is_tool {
                let said = "4 bytes of standard error dropped";
                server.process.wait_stderr(said, SOON);
            }
        }
    }
}

/// The clients of the scripts send the same bytes (twins.rs).
#[test]
fn the_client_sends_what_the_lessons_clients_send() {
    let header = framed(r#"{"filename": "a.txt", "total_size": 3, "hash": "x"}"#);
    for (protocol, before_the_body) in [("raw", &[][..]), ("length", b"3"), ("header", &header)] {
        let start = before_the_body.to_vec();
        let peer = Peer::new(move |conn| {
            assert_eq!(net::read_exact(&conn, 7, SOON), b"echo hi");
            net::send(&conn, &start);
            if protocol == "length" {
                assert_eq!(net::read_exact(&conn, 10, SOON), b"recv_ready");
            }
            net::send(&conn, b"hi\n");
            net::half_close(&conn);
            assert_eq!(net::read_to_end(&conn, SOON), b"");
        });
        assert_eq!(shown(run(protocol, peer.addr(), &[], "echo hi")), "hi\n");
        peer.finish();
    }
}

#[test]
fn output_of_any_length_on_either_stream_arrives_whole() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        for size in [0, 65_535, 65_536, 65_537, 1 << 20] {
            for to in ["", " >&2"] {
                let command = format!("head -c {size} /dev/zero | tr '\\0' x{to}");
                let output = shown(run(protocol, server.addr(), &[], &command));
                assert!(output == "x".repeat(size), "{protocol} {command}");
            }
        }
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn the_lessons_python_client_gets_200_kb_from_the_tool() {
    let server = serve("header", &[]);
    let Some(client) = Python("header_client").command(server.addr()) else {
        return;
    };
    let mut client = Process::spawn(client);
    client.send_line("head -c 200000 /dev/zero | tr '\\0' x");
    client.send_line("echo next");
    let printed = String::from_utf8(client.finish(SOON).stdout).unwrap();
    let expected = format!(">>: {}\n>>: next\n\n>>: ", "x".repeat(200_000));
    assert!(printed == expected, "{} bytes", printed.len());
}

#[test]
fn the_lessons_protocols_work_over_a_unix_domain_socket() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let endpoint = format!("unix:{}", dir.join(protocol).display());
        let mut server = Server::start(server_command(protocol, &[], &endpoint));
        let mut client = client_command(protocol, &endpoint, &[]);
        client.arg("echo hi");
        assert_eq!(shown(Process::spawn(client).finish(SOON)), "hi\n");
        server.assert_nothing_left();
    }
}
