//! Tests many connections at once.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::procfs;

use super::{serve, skip, upper_case_client, wait_until_served};

#[test]
fn a_thousand_connections_in_a_burst_are_all_answered() {
    let mut server = serve(&["--quiet"]);
    let addr = server.addr();
    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|client| {
                scope.spawn(move || {
                    let mine = (client..1000).step_by(64);
                    mine.map(|number| {
                        let started = Instant::now();
                        let message = format!("message {number}");
                        let stream = net::connect(addr);
                        let reply = net::ask(&stream, message.as_bytes(), message.len());
                        assert_eq!(reply, message.to_uppercase().as_bytes());
                        started.elapsed()
                    })
                    .max()
                })
            })
            .collect();
        for client in clients {
            slowest = slowest.max(client.join().unwrap().unwrap_or_default());
        }
    });
    // A client that finds the accept queue full connects by a retransmitted SYN, after 1 s, 3 s or
    // 7 s.
    assert!(slowest < Duration::from_secs(6), "{slowest:?}");
    server.assert_alive(upper_case_client);
}

#[test]
fn the_limit_is_exact_and_clients_over_it_can_read_the_reason() {
    let mut server = serve(&["--max-connections", "10"]);
    let addr = server.addr();
    let mut served: Vec<TcpStream> = (0..10).map(|_| net::connect(addr)).collect();
    for stream in &served {
        assert_eq!(net::ask(stream, b"x", 1), b"X");
    }
    for _ in 0..40 {
        let refused = net::connect(addr);
        // No handler reads these bytes, so closing at once would reset the connection and discard
        // the refusal. The server may have closed already, so this may fail.
        let _ = (&refused).write_all(b"hello");
        assert_eq!(
            net::read_to_end(&refused, SOON),
            b"error: busy, 10 connections in use\n"
        );
    }
    for stream in &served {
        assert_eq!(net::ask(stream, b"y", 1), b"Y");
    }
    drop(served.pop());
    served.push(wait_until_served(addr));
    assert_eq!(
        net::read_to_end(&net::connect(addr), SOON),
        b"error: busy, 10 connections in use\n"
    );
    drop(served);
    server
        .process
        .wait_stderr("refused: busy, 10 connections in use", SOON);
    // First their permits must be free.
    server.assert_nothing_left();
    server.assert_alive(upper_case_client);
}

/// The server neither waits for refused clients nor keeps their connections for long.
#[test]
fn clients_that_ignore_a_refusal_are_closed() {
    let mut server = serve(&["--max-connections", "1", "--quiet"]);
    let served = wait_until_served(server.addr());
    let stubborn: Vec<TcpStream> = (0..300).map(|_| net::connect(server.addr())).collect();
    // Connections are accepted in order, so this client is refused after all of them.
    let last = net::connect(server.addr());
    assert!(net::read_to_end(&last, SOON).starts_with(b"error: busy"));
    drop(last);
    assert_eq!(net::ask(&served, b"x", 1), b"X");
    drop(served);
    // These clients have not closed yet.
    server.assert_nothing_left();
    assert_eq!(stubborn.len(), 300);
    let next = wait_until_served(server.addr());
    net::half_close(&next);
    // Its permit is free when the client sees the end, not when it closes.
    assert_eq!(net::read_to_end(&next, SOON), b"");
    server.assert_alive(upper_case_client);
}

/// This test and the server each need an `ulimit -n` of a little more than 10000.
#[test]
#[ignore = "a soak: see .ci/run"]
fn soak_of_ten_thousand_connections() {
    if open_files_limit() < 11_000 {
        return skip(
            "ten thousand connections at once",
            "it needs: ulimit -n 11000",
        );
    }
    hold_and_serve(10_000);
}

#[test]
fn three_hundred_connections_are_held_and_served() {
    hold_and_serve(300);
}

#[track_caller]
fn hold_and_serve(many: usize) {
    let mut server = serve(&["--quiet", "--max-connections", &many.to_string()]);
    let pid = server.process.pid();
    let before = procfs::resident_bytes(pid).unwrap();
    let mut streams: Vec<TcpStream> = Vec::with_capacity(many);
    while streams.len() < many {
        // Fewer at a time than the backlog: one too many would have to retry later.
        let newcomers = (many - streams.len()).min(100);
        streams.extend((0..newcomers).map(|_| net::connect(server.addr())));
        let first = streams.len() - newcomers;
        ask_all(&mut streams[first..], b"hello");
    }
    // All clients send before any reply is read, so that all are served at the same time.
    ask_all(&mut streams, b"and once more");
    let each = (procfs::resident_bytes(pid).unwrap() - before) / many as u64;
    assert_eq!(procfs::threads(pid).unwrap(), many + 3);
    let refused = net::connect(server.addr());
    assert_eq!(
        net::read_to_end(&refused, SOON),
        format!("error: busy, {many} connections in use\n").as_bytes()
    );
    // A debug build has larger stack frames than a release build.
    let most = if cfg!(debug_assertions) { 32 } else { 12 } << 10;
    assert!(each < most, "{each} bytes for each connection");
    drop(streams);
    wait_until_served(server.addr());
    // On a busy machine, many threads take long to end.
    server.lets_go_within = Duration::from_secs(30);
    server.assert_alive(upper_case_client);
}

/// Sends to each before it reads a reply from any.
#[track_caller]
fn ask_all(streams: &mut [TcpStream], message: &[u8]) {
    for stream in &mut *streams {
        stream.write_all(message).unwrap();
    }
    for stream in &mut *streams {
        let mut reply = vec![0; message.len()];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(reply, message.to_ascii_uppercase());
    }
}

fn open_files_limit() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3));
    soft.and_then(|soft| soft.parse().ok()).unwrap_or_default()
}
