//! Tests the scripts of both languages against the test as their peer, which compares the bytes on
//! the wire.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust};

/// Starts each client against a listener of the test, answers its requests, and checks what it
/// sends and prints.
fn assert_clients(clients: &[Program], input: &str, dialogue: &[(&[u8], &[u8])], printed: &str) {
    for &client in clients {
        eprintln!("client {client:?}");
        let listener = net::listen();
        let Some(command) = client.command(listener.local_addr().unwrap()) else {
            continue;
        };
        let mut process = Process::spawn(command);
        process.send(input.as_bytes());
        process.close_stdin();
        let conn = net::accept(&listener);
        for (request, reply) in dialogue {
            let sent = net::read_exact(&conn, request.len(), SOON);
            assert_eq!(
                sent.escape_ascii().to_string(),
                request.escape_ascii().to_string()
            );
            net::send(&conn, reply);
        }
        let finished = process.finish(SOON);
        assert_eq!(
            net::read_to_end(&conn, SOON),
            b"",
            "sent more than it should"
        );
        assert_eq!(String::from_utf8_lossy(&finished.stdout), printed);
        assert_eq!(finished.stderr, b"");
        assert!(finished.status.success(), "{:?}", finished.status);
    }
}

#[test]
fn tcp_clients() {
    assert_clients(
        &[Python("tcp_client"), Rust("tcp_client")],
        "hello\n\n  in the middle \t\n啊\nlast, without a line end",
        &[
            (b"hello", b"HELLO"),
            (b"in the middle", b"\x00\x7f\x80\xff\t\r\n\\"),
            ("啊".as_bytes(), b"\xe5\x95\x8a"),
            (b"last, without a line end", b"x"),
        ],
        concat!(
            ">>: b'HELLO'\n",
            ">>: >>: b'\\x00\\x7f\\x80\\xff\\t\\r\\n\\\\'\n",
            ">>: b'\\xe5\\x95\\x8a'\n",
            ">>: b'x'\n",
            ">>: ",
        ),
    );
}

#[test]
fn a_tcp_client_takes_the_rest_of_a_long_reply_for_the_next_reply() {
    let long = [b'a'; 1500];
    let printed = format!(
        ">>: b'{}'\n>>: b'{}'\n>>: ",
        "a".repeat(1024),
        "a".repeat(476)
    );
    assert_clients(
        &[Python("tcp_client"), Rust("tcp_client")],
        "one\ntwo\n",
        &[(b"one", &long), (b"two", b"")],
        &printed,
    );
}

#[test]
fn naive_clients() {
    assert_clients(
        &[Python("exec_naive_client"), Rust("exec_naive_client")],
        "echo hello\n\n ls \n",
        &[(b"echo hello", b"hello\n"), (b"ls", b"a\nb\n")],
        ">>: from server: b'hello\\n'\n>>: >>: from server: b'a\\nb\\n'\n>>: ",
    );
}

#[test]
fn length_clients() {
    let long = [b'x'; 3000];
    let printed = format!(
        ">>: hello\n\n>>: {}\n>>: \n>>: \u{fffd}\n>>: ",
        "x".repeat(3000)
    );
    assert_clients(
        &[Python("length_client"), Rust("length_client")],
        "echo hello\nlong\ntrue\nnot text\n",
        &[
            (b"echo hello", b"6"),
            (b"recv_ready", b"hello\n"),
            (b"long", b"3000"),
            (b"recv_ready", &long),
            (b"true", b"0"),
            (b"recv_ready", b""),
            (b"not text", b"1"),
            (b"recv_ready", b"\xff"),
        ],
        &printed,
    );
}

#[test]
fn header_clients() {
    let reply = |header: &str, body: &str| {
        let length = i32::try_from(header.len()).unwrap();
        [&length.to_le_bytes(), header.as_bytes(), body.as_bytes()].concat()
    };
    let long = "y".repeat(3000);
    assert_clients(
        &[Python("header_client"), Rust("header_client")],
        "echo hello\nlong\ntrue\n",
        &[
            (
                b"echo hello",
                &reply(
                    r#"{"filename": "a.txt", "total_size": 6, "hash": ""}"#,
                    "hello\n",
                ),
            ),
            (b"long", &reply(r#"{"total_size":3000,"more":[{}]}"#, &long)),
            (b"true", &reply(r#"{"hash": "x", "total_size": 0}"#, "")),
        ],
        &format!(">>: hello\n\n>>: {long}\n>>: \n>>: "),
    );
}

#[test]
fn exec_clients_end_when_the_server_closes_within_an_answer() {
    for (clients, cut_reply) in [
        (
            [Python("length_client"), Rust("length_client")],
            &b"1000"[..],
        ),
        (
            [Python("header_client"), Rust("header_client")],
            b"\x14\0\0\0{\"total_size\": 1000}",
        ),
    ] {
        for client in clients {
            let listener = net::listen();
            let Some(command) = client.command(listener.local_addr().unwrap()) else {
                continue;
            };
            let mut process = Process::spawn(command);
            process.send_line("cmd");
            let conn = net::accept(&listener);
            net::read_exact(&conn, 3, SOON);
            net::send(&conn, cut_reply);
            if cut_reply == b"1000" {
                net::read_exact(&conn, "recv_ready".len(), SOON);
            }
            net::send(&conn, &[b'x'; 500]);
            drop(conn);
            assert_eq!(process.wait_exit(SOON).code(), Some(1), "{client:?}");
            process.wait_stderr("the server has left after 500 of 1000 bytes", SOON);
        }
    }
}

#[test]
fn sticky_clients() {
    for client in [Python("sticky_client"), Rust("sticky_client")] {
        for (messages, sent) in [
            (&[][..], "helloworld"),
            (&["hello feng"], "hello feng"),
            (&["é", "", "x"], "éx"),
        ] {
            let listener = net::listen();
            let Some(mut command) = client.command(listener.local_addr().unwrap()) else {
                continue;
            };
            let mut process = Process::spawn({
                command.args(messages);
                command
            });
            assert!(process.finish(SOON).status.success());
            let conn = net::accept(&listener);
            assert_eq!(net::read_to_end(&conn, SOON), sent.as_bytes(), "{client:?}");
        }
    }
}

#[test]
fn udp_clients() {
    for client in [Python("udp_client"), Rust("udp_client")] {
        let server = UdpSocket::bind(net::ANY_PORT).unwrap();
        server.set_read_timeout(Some(SOON)).unwrap();
        let Some(command) = client.command(server.local_addr().unwrap()) else {
            continue;
        };
        let mut process = Process::spawn(command);
        process.send_line("hello\n\n 啊 ");
        let mut senders = Vec::new();
        let mut buf = [0; 2048];
        let long = [b'z'; 1500];
        for (datagram, answer) in [
            (&b"hello"[..], &b"HELLO"[..]),
            (b"", b""),
            ("啊".as_bytes(), &long),
        ] {
            let (length, sender) = net::again(|| server.recv_from(&mut buf)).unwrap();
            assert_eq!(&buf[..length], datagram, "{client:?}");
            server.send_to(answer, sender).unwrap();
            senders.push(sender);
        }
        assert!(senders.iter().all(|sender| *sender == senders[0]));
        let printed = String::from_utf8(process.finish(SOON).stdout).unwrap();
        // `recvfrom(1024)` discards the rest of the long answer.
        let cut = "z".repeat(1024);
        assert_eq!(
            printed,
            format!(">>: b'HELLO'\n>>: b''\n>>: b'{cut}'\n>>: ")
        );
    }
}

#[test]
fn a_client_without_a_server_is_refused() {
    for stem in [
        "tcp_client",
        "exec_naive_client",
        "length_client",
        "header_client",
    ] {
        for client in [Python(stem), Rust(stem)] {
            let nobody: SocketAddr = net::free_port();
            let Some(command): Option<Command> = client.command(nobody) else {
                continue;
            };
            let mut process = Process::spawn(command);
            assert_eq!(process.wait_exit(SOON).code(), Some(1), "{client:?}");
            process.wait_stderr("ConnectionRefused", SOON);
        }
    }
}
