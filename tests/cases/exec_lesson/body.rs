//! Tests how the client passes on an output of known length.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::{PROTOCOLS, client_command, complaint, framed};

/// A server that sends `before` bytes, waits for the test, and then sends `after` bytes.
fn holding(protocol: &str, size: usize, before: usize, after: usize) -> (Peer, mpsc::Sender<()>) {
    let (go, held) = mpsc::channel();
    let start = match protocol {
        "length" => size.to_string().into_bytes(),
        "header" => framed(&format!("{{\"total_size\": {size}}}")),
        _ => Vec::new(),
    };
    let ready = if protocol == "length" { 10 } else { 0 };
    let protocol_has_an_end = protocol != "raw";
    let peer = Peer::new(move |conn| {
        // The command stays unread, so that closing sends a reset.
        let mut first = [0];
        net::again(|| conn.peek(&mut first)).unwrap();
        net::send(&conn, &start);
        net::read_exact(&conn, ready, SOON);
        for piece in pattern(before).chunks(1 << 16) {
            net::send(&conn, piece);
        }
        // An error also lets it go on: the test has ended.
        let _ = held.recv_timeout(SOON * 2);
        net::send(&conn, &pattern(before + after)[before..]);
        if protocol_has_an_end && before + after == size {
            // A reset can overtake the last byte, so this waits until the client has it all.
            let _ = held.recv_timeout(SOON * 2);
        }
    });
    (peer, go)
}

/// Bytes that do not repeat after 64 KiB.
fn pattern(size: usize) -> Vec<u8> {
    let block: Vec<u8> = (0..65_537_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut bytes = block.repeat(size / block.len() + 1);
    bytes.truncate(size);
    bytes
}

/// The client must not hold the whole body in memory.
#[test]
fn a_long_body_is_passed_on_and_never_held() {
    const SIZE: usize = 24 << 20;
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let (peer, go) = holding(protocol, SIZE, SIZE - 1, 1);
        let file = dir.join(protocol);
        let mut client = client_command(protocol, peer.addr(), &[]);
        client.arg("x");
        let mut client = Process::spawn_to(client, Stdio::from(File::create(&file).unwrap()));
        let nearly_all = || (file.metadata().unwrap().len() as usize == SIZE - 1).then_some(());
        assert!(poll(SOON * 2, nearly_all).is_some());
        let peak = procfs::peak_resident_bytes(client.pid()).unwrap();
        assert!(peak <= 8 << 20, "{protocol}: {peak} bytes for {SIZE}");
        go.send(()).unwrap();
        // In raw the unread command makes the end a reset. In the other protocols the client knows
        // that it has the whole body.
        let status = client.wait_exit(SOON);
        drop(go);
        assert!(status.success() || protocol == "raw");
        let mut written = Vec::new();
        File::open(&file)
            .unwrap()
            .read_to_end(&mut written)
            .unwrap();
        assert!(
            written == pattern(SIZE),
            "{protocol}: other bytes than were sent"
        );
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_reset_within_a_body_is_an_error_with_the_bytes_received() {
    for protocol in PROTOCOLS {
        let (peer, go) = holding(protocol, 5000, 1000, 0);
        let mut client = super::start(protocol, peer.addr(), &[], "x");
        let all = |bytes: &[u8], _| (bytes.len() == 1000).then_some(());
        assert!(client.stdout.wait(SOON, all).is_some());
        go.send(()).unwrap();
        let text = complaint(&client.finish(SOON));
        let of = if protocol == "raw" { "" } else { " of 5000" };
        let addr = peer.addr();
        let expected = format!(
            "error: lost the connection to {addr} after 1000{of} bytes (connection reset)\n"
        );
        assert_eq!(text, expected);
    }
}

#[test]
fn a_client_that_waits_uses_no_processor_time() {
    let look = Duration::from_millis(400);
    for protocol in PROTOCOLS {
        for before in [0, 500] {
            let (peer, go) = holding(protocol, 1000, before, 500);
            let client = super::start(protocol, peer.addr(), &[], "x");
            let all = |bytes: &[u8], _| (bytes.len() == before).then_some(());
            assert!(client.stdout.wait(SOON, all).is_some());
            let used = || procfs::cpu_time(client.pid()).unwrap();
            let earlier = used();
            // The span over which the processor time is measured.
            std::thread::sleep(look);
            let while_waiting = used() - earlier;
            assert!(
                while_waiting <= Duration::from_millis(20),
                "{while_waiting:?}"
            );
            drop(go);
        }
    }
}

/// Ctrl-Z, and later fg: the kernel then interrupts a wait that has a timeout.
#[test]
fn a_stopped_client_continues() {
    for protocol in PROTOCOLS {
        let (heard, waits) = mpsc::channel();
        let (go, held) = mpsc::channel();
        let peer = Peer::new(move |conn| {
            net::read_exact(&conn, 1, SOON);
            heard.send(()).unwrap();
            held.recv_timeout(SOON).unwrap();
            match protocol {
                "length" => assert_eq!(net::ask(&conn, b"4", 10), b"recv_ready"),
                "header" => net::send(&conn, &framed("{\"total_size\": 4}")),
                _ => {}
            }
            net::send(&conn, b"hi");
            held.recv_timeout(SOON).unwrap();
            net::send(&conn, b"gh");
        });
        let mut client = super::start(protocol, peer.addr(), &[], "x");
        waits.recv_timeout(SOON).unwrap();
        stop_and_continue(&mut client);
        go.send(()).unwrap();
        client.wait_stdout("hi", SOON);
        stop_and_continue(&mut client);
        go.send(()).unwrap();
        peer.finish();
        assert_eq!(super::shown(client.finish(SOON)), "high", "{protocol}");
    }
}

fn stop_and_continue(process: &mut Process) {
    let pid = process.pid();
    // The process must be in a wait, not on the way to one.
    let sleeps = || (procfs::stat(pid).ok()?.state == 'S').then_some(());
    assert!(poll(SOON, sleeps).is_some());
    process.halt();
    process.signal(Signal::Continue);
    assert!(poll(SOON, sleeps).is_some());
}

#[test]
fn a_silent_server_times_out() {
    let silent = net::listen();
    let addr = silent.local_addr().unwrap();
    for (protocol, said) in [
        (
            "raw",
            format!("nothing came from {addr} for 200ms (got 0 bytes);"),
        ),
        (
            "length",
            format!("no length came from {addr} within 200ms;"),
        ),
        (
            "header",
            format!("no whole header came from {addr} within 200ms;"),
        ),
    ] {
        let text = complaint(&super::run(protocol, addr, &["--timeout", "200ms"], "x"));
        assert!(text.contains(&said) && text.contains("--timeout"), "{text}");
    }
    for protocol in ["length", "header"] {
        let (peer, _go) = holding(protocol, 1000, 500, 0);
        let text = complaint(&super::run(
            protocol,
            peer.addr(),
            &["--timeout", "200ms"],
            "x",
        ));
        assert!(
            text.contains("for 200ms (got 500 of 1000 bytes);"),
            "{text}"
        );
    }
}
