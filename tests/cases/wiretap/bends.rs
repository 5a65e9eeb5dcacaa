//! Tests each bend with a peer that checks what it receives.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::{joined, recorded, tap};

/// A client and a server with a bent line between them.
struct Bent {
    tap: Server,
    client: TcpStream,
    server: TcpStream,
    _listener: TcpListener,
}

#[track_caller]
fn bent(flags: &[&str]) -> Bent {
    let listener = net::listen();
    let tap = tap(listener.local_addr().unwrap(), flags);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    client.set_nodelay(true).unwrap();
    Bent {
        tap,
        client,
        server,
        _listener: listener,
    }
}

#[test]
fn chop_forwards_pieces_of_every_size_and_loses_nothing() {
    let folder = TempDir::new();
    let sent: Vec<u8> = (0..40).collect();
    for size in 1..=41 {
        let file = folder.join(size.to_string());
        let chop = size.to_string();
        let flags = [
            "--chop",
            &chop,
            "--connections",
            "1",
            "--record",
            file.to_str().unwrap(),
        ];
        let mut bent = bent(&flags);
        net::send(&bent.client, &sent);
        assert_eq!(net::read_exact(&bent.server, sent.len(), SOON), sent);
        net::send(&bent.server, &sent);
        assert_eq!(net::read_exact(&bent.client, sent.len(), SOON), sent);
        drop((bent.client, bent.server));
        assert!(bent.tap.process.wait_exit(SOON).success());
        let events = recorded(&file);
        for side in ["client", "server"] {
            assert_eq!(joined(&events, &["received"], side), sent);
            assert_eq!(joined(&events, &["sent"], side), sent);
            let pieces = events
                .iter()
                .filter(|(kind, from, _)| kind == "sent" && from == side);
            let sizes: Vec<_> = pieces.map(|(.., data)| data.len()).collect();
            let (last, rest) = sizes.split_last().unwrap();
            assert!(
                *last <= size && rest.iter().all(|len| *len == size),
                "{size}: {sizes:?}"
            );
        }
    }
}

#[test]
fn a_chopped_line_reveals_a_client_that_reads_only_once() {
    // Without the rate, a busy machine may deliver two pieces to one recv.
    let mut bent = bent(&["--chop", "server:1", "--rate", "server:1/s"]);
    net::send(&bent.server, &[4, 0, 0, 0]);
    let mut prefix = [0; 4];
    assert_eq!(bent.client.read(&mut prefix).unwrap(), 1);
}

#[test]
fn hold_joins_separate_sends() {
    let bent = bent(&["--hold", "client:300ms"]);
    for word in [&b"one"[..], b"two", b"three"] {
        net::send(&bent.client, word);
    }
    let mut first = [0; 64];
    let count = (&bent.server).read(&mut first).unwrap();
    assert_eq!(&first[..count], b"onetwothree");
}

#[test]
fn delay_takes_the_given_time_and_keeps_the_order() {
    let bent = bent(&["--delay", "300ms", "--jitter", "50ms"]);
    let start = Instant::now();
    net::send(&bent.client, b"1");
    net::send(&bent.client, b"2");
    assert_eq!(net::read_exact(&bent.server, 2, SOON), b"12");
    assert!(start.elapsed() >= Duration::from_millis(300));
    bent.tap.process.wait_stdout("(delayed 3", SOON);
}

#[test]
fn a_rate_is_not_exceeded() {
    let bent = bent(&["--rate", "client:10000/s"]);
    let start = Instant::now();
    net::send(&bent.client, &[b'x'; 5000]);
    net::read_exact(&bent.server, 5000, SOON);
    // The first piece, with the bytes of 50 ms, is sent at once.
    assert!(
        start.elapsed() >= Duration::from_millis(440),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn close_after_closes_both_sides_after_that_byte() {
    for limit in [1, 5, 9] {
        let words = format!("client:{limit}");
        let bent = bent(&["--close-after", &words]);
        net::send(&bent.client, b"123456789");
        assert_eq!(net::read_to_end(&bent.server, SOON), b"123456789"[..limit]);
        assert_eq!(net::read_to_end(&bent.client, SOON), b"");
        let said = format!("client -> server: closed by wiretap after {limit} bytes");
        bent.tap.process.wait_stdout(&said, SOON);
    }
}

#[test]
fn reset_after_resets_a_side_that_has_sent_more() {
    let bent = bent(&["--reset-after", "client:5"]);
    net::send(&bent.client, b"123456789");
    assert_eq!(net::read_exact(&bent.server, 5, SOON), b"12345");
    let error = (&bent.client).read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    bent.tap
        .process
        .wait_stdout("reset by wiretap after 5 bytes", SOON);
}

#[test]
fn stall_after_forwards_nothing_and_ends_with_the_stalled_side() {
    let mut bent = bent(&["--stall-after", "client:5"]);
    net::send(&bent.client, b"123456789");
    assert_eq!(net::read_exact(&bent.server, 5, SOON), b"12345");
    net::assert_silent(&bent.server, A_MOMENT);
    // The other direction goes on.
    net::send(&bent.server, b"still here");
    assert_eq!(net::read_exact(&bent.client, 10, SOON), b"still here");
    bent.tap
        .process
        .wait_stdout("stalled by wiretap after 5 bytes", SOON);
    drop(bent.client);
    assert_eq!(net::read_to_end(&bent.server, SOON), b"");
    drop(bent.server);
    bent.tap.assert_nothing_left();
}

#[test]
fn a_side_that_closes_ends_a_bent_line_after_all_its_bytes_were_forwarded() {
    let bent = bent(&["--delay", "100ms", "--chop", "3"]);
    net::send(&bent.client, b"the last words");
    net::half_close(&bent.client);
    assert_eq!(net::read_to_end(&bent.server, SOON), b"the last words");
    net::send(&bent.server, b"heard");
    drop(bent.server);
    assert_eq!(net::read_to_end(&bent.client, SOON), b"heard");
}
