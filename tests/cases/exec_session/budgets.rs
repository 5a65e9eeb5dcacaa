//! Tests the limits on unauthenticated connections.

use std::fs;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::process::with_open_files;
use cross_process::server::Server;
use cross_process::temp::TempDir;
use cross_process::{net, procfs};

use super::peers::play;
use super::{Session, complaint, server};

/// The length of `hello` in bytes: the length, a header, a body of 43.
const HELLO: usize = 4 + HEADER.len() + 43;
const HEADER: &str = r#"{"filename": "hello", "total_size": 43, "hash": ""}"#;

#[test]
fn a_silent_client_does_not_block_others_for_ever() {
    let limits = ["--max-unauthenticated", "1", "--handshake-timeout", "2s"];
    let mut session = Session::start(&limits);
    let silent = net::connect(session.server.addr());
    // It has received `hello`, so it has the only permit.
    net::read_exact(&silent, HELLO, SOON);
    let busy = complaint(&session.run("echo in"), 255);
    assert!(
        busy.contains("busy, 1 unauthenticated connections"),
        "{busy}"
    );
    net::read_to_end(&silent, SOON);
    drop(silent);
    let let_in = || (session.run("echo in").stdout == b"in\n").then_some(());
    assert!(poll(SOON, let_in).is_some());
    let http = net::connect(session.server.addr());
    net::send(&http, b"GET / HTTP/1.1\r\n\r\n");
    let answer = net::read_to_end(&http, SOON);
    assert!(String::from_utf8_lossy(&answer).contains("does not speak HTTP"));
    session.assert_alive();
}

#[test]
fn a_handshake_has_one_deadline() {
    let mut session = Session::start(&["--handshake-timeout", "500ms"]);
    let half_a_frame = b"\x3a\0\0\0{\"filename\": \"auth\", ";
    // One client sends nothing, one sends half a frame, and one sends a byte now and then, which
    // would never exceed a timeout per read.
    let silent = net::connect(session.server.addr());
    let stuck = net::connect(session.server.addr());
    net::send(&stuck, half_a_frame);
    let dripping = net::connect(session.server.addr());
    let drips = dripping.try_clone().unwrap();
    let dripper = thread::spawn(move || {
        // Fails when the server has closed.
        let _ = net::send_slowly(&drips, &[b' '; 200], Duration::from_millis(50));
    });
    for stream in [&silent, &stuck] {
        let said = net::read_to_end(stream, SOON);
        let said = String::from_utf8_lossy(&said[HELLO..]);
        assert!(
            said.ends_with("the handshake was not over within 500ms"),
            "{said}"
        );
    }
    let log = "refused: the handshake was not over within 500ms";
    session.server.process.wait_stderr(log, SOON);
    dripper.join().unwrap();
    drop((silent, stuck, dripping));
    session.assert_alive();
}

#[test]
fn silent_clients_keep_others_out_only_until_their_deadline() {
    let options = ["--max-unauthenticated", "32", "--handshake-timeout", "1s"];
    let mut session = Session::start(&options);
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo inside; read x <{fifo}; echo still inside");
    let mut inside = session.client(&[], &command);
    assert_eq!(inside.wait_line(SOON), "inside");
    let before = procfs::resident_bytes(session.server.process.pid()).unwrap();
    let flood: Vec<_> = (0..32)
        .map(|_| {
            let caller = net::connect(session.server.addr());
            net::read_exact(&caller, HELLO, SOON);
            caller
        })
        .collect();
    // All permits are in use, but the authenticated session goes on.
    let busy = complaint(&session.run("echo let in"), 255);
    assert!(
        busy.contains("busy, 32 unauthenticated connections"),
        "{busy}"
    );
    fs::write(&fifo, "\n").unwrap();
    assert_eq!(inside.wait_line(SOON), "still inside");
    let now = procfs::resident_bytes(session.server.process.pid()).unwrap();
    let grown = now.saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} bytes more for 32 silent clients");
    for caller in &flood {
        net::read_to_end(caller, SOON);
    }
    drop(flood);
    let let_in = || (session.run("echo in").stdout == b"in\n").then_some(());
    assert!(poll(SOON, let_in).is_some());
    session.assert_alive();
}

/// The server allows only as many connections as can start commands at the same time.
#[test]
fn every_connection_has_descriptors_for_a_command() {
    let dir = TempDir::new();
    let token = dir.join("token");
    let command = server(&token, &[], "127.0.0.1:0");
    let server = Server::start(with_open_files(&command, 43));
    let commands = "command true\nstdin-eof\nuntil exit\n".repeat(100);
    let steps = format!("login\n{commands}");
    let play = || play(server.endpoint(), &token, &[], &steps);
    // The server refuses those over its limit.
    let seen: Vec<_> = thread::scope(|scope| {
        let players: Vec<_> = (0..5).map(|_| scope.spawn(play)).collect();
        let seen = players.into_iter().map(|player| player.join().unwrap());
        seen.flatten().collect()
    });
    for seen in seen {
        assert!(!seen.contains("error"), "{seen}");
    }
}
