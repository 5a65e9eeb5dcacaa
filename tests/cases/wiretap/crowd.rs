//! Tests many conversations, long ones, and readers that leave.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, in_time};
use cross_process::net;
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::program::Program::Tool;

use super::straight::fresh_client;
use super::{command, page_of, tap};

#[test]
fn two_hundred_conversations_at_once_do_not_mix() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let mut tap = tap(server.addr(), &[]);
    let addr = tap.addr();
    let clients: Vec<_> = (0..200).map(|_| net::connect(addr)).collect();
    for round in 0..3 {
        for (number, client) in clients.iter().enumerate() {
            net::send(
                client,
                format!("client {number} round {round}\n").as_bytes(),
            );
        }
        for (number, client) in clients.iter().enumerate() {
            let expected = format!("CLIENT {number} ROUND {round}\n");
            assert_eq!(
                net::read_exact(client, expected.len(), SOON),
                expected.as_bytes()
            );
        }
    }
    drop(clients);
    tap.lets_go_within = SOON;
    tap.assert_alive(fresh_client);
}

#[test]
fn a_long_stream_does_not_grow_memory_with_and_without_the_page() {
    const SIZE: u64 = 64 << 20;
    for with_page in [false, true] {
        let listener = net::listen();
        let mut tap = tap(listener.local_addr().unwrap(), &[]);
        let (page, key) = page_of(&mut tap);
        let watching = with_page.then(|| {
            let stream = net::connect(page);
            let request = format!("GET /events?key={key} HTTP/1.1\r\nHost: {page}\r\n\r\n");
            net::send(&stream, request.as_bytes());
            thread::spawn(move || std::io::copy(&mut &stream, &mut std::io::sink()))
        });
        let client = net::connect(tap.addr());
        let server = net::accept(&listener);
        let writing = thread::spawn(move || {
            let piece = vec![b'x'; 1 << 16];
            (0..SIZE / piece.len() as u64).for_each(|_| (&client).write_all(&piece).unwrap());
        });
        let got = std::io::copy(&mut (&server).take(u64::MAX), &mut std::io::sink()).unwrap();
        writing.join().unwrap();
        assert_eq!(got, SIZE);
        let peak = procfs::peak_resident_bytes(tap.process.pid()).unwrap();
        assert!(peak < 64 << 20, "{peak} bytes, page {with_page}");
        drop(tap);
        if let Some(watching) = watching {
            let _ = watching.join().unwrap();
        }
    }
}

#[test]
fn a_blocked_stdout_does_not_delay_a_conversation() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut tap = Process::spawn_to(command(server.addr(), &[]), writer.into());
    let (line, reader) = in_time(move || {
        let mut reader = std::io::BufReader::new(reader);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
        (line, reader)
    });
    let addr = line
        .trim_end()
        .strip_prefix("listening on ")
        .unwrap()
        .parse()
        .unwrap();
    // More lines than the pipe holds, one for each message and answer.
    let client = net::connect(addr);
    for _ in 0..5_000 {
        assert_eq!(
            net::ask(&client, b"0123456789abcdef", 16),
            b"0123456789ABCDEF"
        );
    }
    // wiretap ends when the reader of its stdout leaves.
    drop(reader);
    drop(client);
    assert!(tap.wait_exit(SOON).success());
}

#[test]
fn after_the_given_number_of_conversations_it_ends_and_one_more_is_closed() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let mut tap = tap(server.addr(), &["--connections", "2"]);
    let first = net::connect(tap.addr());
    let second = net::connect(tap.addr());
    assert_eq!(net::ask(&first, b"a", 1), b"A");
    assert_eq!(net::ask(&second, b"b", 1), b"B");
    let third = net::connect(tap.addr());
    assert_eq!(net::read_to_end(&third, SOON), b"");
    drop(first);
    assert_eq!(net::ask(&second, b"c", 1), b"C");
    drop(second);
    assert!(tap.process.wait_exit(SOON).success());
    tap.process
        .wait_stdout("over: 2 bytes from the client", SOON);
}

#[test]
fn the_end_of_stdin_ends_it_even_during_conversations() {
    for flags in [
        &["--stop-on-eof"][..],
        &["--stop-on-eof", "--delay", "1m"],
        &["--stop-on-eof", "--udp"],
    ] {
        let server = Tool("tcp-server", &[]).serve().unwrap();
        let mut tap = tap(server.addr(), flags);
        let client = (!flags.contains(&"--udp")).then(|| net::connect(tap.addr()));
        if let Some(client) = &client {
            net::send(client, b"hello");
            tap.process.wait_stdout("5 bytes b'hello'", SOON);
        }
        tap.process.close_stdin();
        assert!(
            tap.process
                .wait_exit(SOON + Duration::from_secs(2))
                .success(),
            "{flags:?}"
        );
    }
}
