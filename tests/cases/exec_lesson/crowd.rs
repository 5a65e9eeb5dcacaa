//! Tests many commands and many clients.

use std::net::TcpStream;
use std::thread;

use cross_process::deadline::{A_MOMENT, SOON, poll};
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::Process;
use cross_process::procfs;

use super::{PROTOCOLS, assert_alive, client_command, complaint, run, serve, shown};

#[test]
fn a_thousand_commands_leave_nothing_behind() {
    let mut server = serve("header", &[]);
    let mut client = Process::spawn(client_command("header", server.addr(), &[]));
    client.send("true\n".repeat(1000).as_bytes());
    let done = client.finish(SOON * 3);
    assert!(done.status.success());
    server.process.wait_stderr("command 1000 ", SOON);
    assert_alive(&mut server, "header");
    // The guardian is the only child.
    assert_eq!(procfs::children(server.process.pid()).unwrap().len(), 1);
}

#[test]
fn a_hundred_clients_at_once_get_their_own_output() {
    let mut server = serve("header", &[]);
    let all: Vec<TcpStream> = (0..100).map(|_| net::connect(server.addr())).collect();
    for (number, conn) in all.iter().enumerate() {
        net::send(conn, format!("echo number {number}").as_bytes());
    }
    for (number, conn) in all.iter().enumerate() {
        assert_eq!(read_reply(conn), format!("number {number}\n").as_bytes());
    }
    drop(all);
    assert_alive(&mut server, "header");
}

#[test]
fn fifty_clients_with_twenty_commands_get_their_own_output() {
    let mut server = serve("header", &[]);
    let addr = server.addr();
    thread::scope(|scope| {
        for client in 0..50 {
            scope.spawn(move || {
                let conn = net::connect(addr);
                for number in 0..20 {
                    net::send(
                        &conn,
                        format!("echo {client}; echo {number} >&2").as_bytes(),
                    );
                    let expected = format!("{client}\n{number}\n");
                    assert_eq!(read_reply(&conn), expected.as_bytes());
                }
            });
        }
    });
    assert_alive(&mut server, "header");
}

/// The body of a reply in the header protocol.
fn read_reply(conn: &TcpStream) -> Vec<u8> {
    let length = net::read_exact(conn, 4, SOON * 3);
    let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
    let header = String::from_utf8(net::read_exact(conn, length, SOON)).unwrap();
    let (_, size) = header.split_once("\"total_size\": ").unwrap();
    let (size, _) = size.split_once(',').unwrap();
    net::read_exact(conn, size.parse().unwrap(), SOON)
}

#[test]
fn a_client_over_the_limit_is_refused_and_a_freed_permit_is_reused() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--max-connections", "2"]);
        let held = [net::connect(server.addr()), net::connect(server.addr())];
        for conn in &held {
            // It is served, so it has a permit.
            net::send(conn, b"echo hi");
            net::read_exact(conn, 1, SOON);
        }
        let third = net::connect(server.addr());
        assert_eq!(
            net::read_to_end(&third, SOON),
            b"error: busy, 2 connections in use\n"
        );
        if protocol != "raw" {
            let text = complaint(&run(protocol, server.addr(), &[], "echo hi"));
            assert!(
                text.contains("refused the connection: busy, 2 connections in use"),
                "{text}"
            );
        }
        drop(held);
        let free = cross_process::deadline::poll(SOON, || {
            let output = run(protocol, server.addr(), &[], "echo hi");
            (output.stdout == b"hi\n").then(|| shown(output))
        });
        assert!(free.is_some());
        assert_alive(&mut server, protocol);
    }
}

/// A full server sends its refusal as soon as a client connects.
#[test]
fn a_refusal_is_never_taken_for_a_reply() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &["--max-connections", "1"]);
        let first = net::connect(server.addr());
        net::send(&first, b"exec sleep 1000");
        assert!(poll(SOON, || super::runs(&server, "sleep").then_some(())).is_some());
        for _ in 0..40 {
            let output = run(protocol, server.addr(), &[], "error");
            assert_eq!(output.stdout, b"");
            let text = complaint(&output);
            assert!(
                text.contains("refused the connection: busy, 1 connection in use"),
                "{text}"
            );
        }
    }
    // An output that looks like a refusal is an output.
    let server = serve("raw", &[]);
    for words in [
        "error: what is this",
        "error: busy, he says; go on",
        "error: busy, he says\nand goes on\n",
    ] {
        let command = format!("printf '%s' '{words}'");
        assert_eq!(shown(run("raw", server.addr(), &[], &command)), words);
    }
    // An incomplete refusal, after which the network fails, is not an output either.
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, b"error: busy, 1");
        net::reset(conn);
    });
    let output = run("raw", peer.addr(), &[], "unread");
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(255), &b""[..])
    );
    peer.finish();
    // Neither is one that comes in two parts, however late the second is.
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, b"error: bu");
        thread::sleep(2 * A_MOMENT);
        net::send(&conn, b"sy, 1 connection in use\n");
    });
    let output = run("raw", peer.addr(), &[], "unread");
    assert_eq!(output.stdout, b"");
    assert!(complaint(&output).contains("refused the connection: busy, 1 connection in use"));
    peer.finish();
}
