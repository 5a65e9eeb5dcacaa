//! Tests well-behaved clients that use TCP in every way.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::signal::Signal;

use super::{serve, upper_case_client};

#[test]
fn idle_connections_do_not_delay_others() {
    let mut server = serve(&["--idle-timeout", "none"]);
    let idle: Vec<TcpStream> = (0..20).map(|_| net::connect(server.addr())).collect();
    upper_case_client(server.addr());
    // The idle connections are still served.
    for (number, stream) in idle.iter().enumerate() {
        let message = format!("number {number}");
        let reply = net::ask(stream, message.as_bytes(), message.len());
        assert_eq!(reply, message.to_uppercase().as_bytes());
    }
    drop(idle);
    server.assert_alive(upper_case_client);
}

#[test]
fn a_reset_ends_one_connection_in_one_line() {
    let mut server = serve(&[]);
    let other = net::connect(server.addr());
    let victim = net::connect(server.addr());
    let victim_addr = victim.local_addr().unwrap();
    net::send(&victim, b"the reply to this is never read");
    net::reset(victim);
    let line = format!("{victim_addr} closed, connection reset; 31 bytes in, 31 out");
    server.process.wait_stderr(&line, SOON);
    assert_eq!(net::ask(&other, b"still here", 10), b"STILL HERE");
    drop(other);
    server.assert_alive(upper_case_client);
    assert!(!server.process.stderr.text().contains("error:"));
}

#[test]
fn a_client_that_half_closes_gets_its_whole_reply() {
    let mut server = serve(&[]);
    let message = vec![b'a'; 300_000];
    let stream = net::connect(server.addr());
    thread::scope(|scope| {
        scope.spawn(|| {
            net::send(&stream, &message);
            net::half_close(&stream);
        });
        let reply = net::read_to_end(&stream, SOON);
        assert!(reply == vec![b'A'; 300_000], "{} bytes", reply.len());
    });
    server.assert_alive(upper_case_client);
}

#[test]
fn single_bytes_are_answered_in_order() {
    let mut server = serve(&[]);
    let stream = net::connect(server.addr());
    let message: Vec<u8> = (0..=255).chain(b'a'..=b'z').collect();
    thread::scope(|scope| {
        scope.spawn(|| net::send_slowly(&stream, &message, Duration::from_millis(1)).unwrap());
        let reply = net::read_exact(&stream, message.len(), SOON);
        assert_eq!(reply, message.to_ascii_uppercase());
    });
    drop(stream);
    server.assert_alive(upper_case_client);
}

/// With the lesson's recv size and with the server's default.
#[test]
fn ten_mebibytes_come_back_byte_for_byte() {
    let message: Vec<u8> = (0..10 << 20).map(|i: u32| (i % 251) as u8).collect();
    for options in [&[][..], &["--recv-size", "1024"], &["--recv-size", "16MiB"]] {
        let mut server = serve(options);
        let stream = net::connect(server.addr());
        thread::scope(|scope| {
            scope.spawn(|| net::send(&stream, &message));
            let reply = net::read_exact(&stream, message.len(), SOON);
            // Not `assert_eq!`, which would print 20 MiB.
            assert!(reply == message.to_ascii_uppercase(), "{options:?}");
        });
        drop(stream);
        server.assert_alive(upper_case_client);
    }
}

#[test]
fn a_stopped_server_continues_without_losses() {
    let mut server = serve(&[]);
    let stream = net::connect(server.addr());
    assert_eq!(net::ask(&stream, b"before", 6), b"BEFORE");
    server.process.halt();
    net::send(&stream, b"meanwhile");
    let newcomer = net::connect(server.addr());
    net::send(&newcomer, b"me, too");
    server.process.signal(Signal::Continue);
    assert_eq!(net::read_exact(&stream, 9, SOON), b"MEANWHILE");
    assert_eq!(net::read_exact(&newcomer, 7, SOON), b"ME, TOO");
    drop((stream, newcomer));
    server.assert_alive(upper_case_client);
}

/// Stopping a process interrupts system calls: one with a timeout fails with `EINTR`.
#[test]
fn stopping_a_waiting_server_ends_no_connection() {
    let mut server = serve(&[]);
    let stream = net::connect(server.addr());
    for _ in 0..5 {
        assert_eq!(net::ask(&stream, b"x", 1), b"X");
        server.process.halt();
        server.process.signal(Signal::Continue);
    }
    assert_eq!(net::ask(&stream, b"x", 1), b"X");
    drop(stream);
    server.assert_alive(upper_case_client);
}

/// To the server, the bytes of a browser, a TLS client and line noise are just bytes.
#[test]
fn other_protocols_are_upper_cased_too() {
    let mut server = serve(&[]);
    for message in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\xff\xff\xff\xff",
        "\u{4f60}\u{597d} stra\u{df}e \x1b[2J".as_bytes(),
    ] {
        let stream = net::connect(server.addr());
        let reply = net::ask(&stream, message, message.len());
        assert_eq!(reply, message.to_ascii_uppercase());
    }
    // No control bytes are in the log.
    assert!(!server.process.stderr.text().contains(['\x1b', '\0']));
    server.assert_alive(upper_case_client);
}
