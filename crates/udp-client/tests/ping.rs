//! Tests many messages at once, and their report.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};

type Seen = Arc<Mutex<Vec<(SocketAddr, Vec<u8>, Instant)>>>;

/// Starts a server that answers the messages for which `answers` is true, and returns what it
/// receives.
fn serve(answers: impl Fn(&[u8]) -> bool + Send + 'static) -> (String, Seen) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    thread::spawn(move || {
        let mut data = [0; 100];
        while let Ok((count, peer)) = socket.recv_from(&mut data) {
            let data = &mut data[..count];
            let mut log = log.lock().unwrap();
            log.push((peer, data.to_vec(), Instant::now()));
            if answers(data) {
                data.make_ascii_uppercase();
                let _ = socket.send_to(data, peer);
            }
        }
    });
    (address, seen)
}

fn tool() -> Command {
    let mut tool = Command::new(assert_cmd::cargo::cargo_bin!("udp-client"));
    tool.timeout(Duration::from_secs(20));
    tool
}

/// The first message is never answered. Eleven others are answered while the client waits.
#[test]
fn one_loss_does_not_hold_up_the_messages_after_it() {
    let (address, seen) = serve(|data| data != b"probe 1");
    let words = [
        "--count",
        "12",
        "--timeout",
        "1500ms",
        "--retries",
        "0",
        &address,
    ];
    let expected: String = (2..=12).map(|number| format!("PROBE {number}\n")).collect();
    tool().args(words).assert().code(1).stdout(expected).stderr(
        starts_with(format!("error: {address}: no answer within 1.500s"))
            .and(contains(
                "12 sent, 11 answered, 1 lost (8.3%), 0 retries; rtt",
            ))
            .and(contains("min/median/max/jitter = ")),
    );
    let seen = seen.lock().unwrap();
    let words: Vec<_> = seen.iter().map(|(_, data, _)| data.clone()).collect();
    let in_order: Vec<_> = (1..=12)
        .map(|n| format!("probe {n}").into_bytes())
        .collect();
    assert_eq!(words, in_order);
    // Seven others were in flight at the same time, and the rest followed.
    assert!(seen[11].2 - seen[0].2 < Duration::from_secs(1));
}

#[test]
fn an_interval_paces_messages_and_times_are_shown() {
    let (address, seen) = serve(|_| true);
    let words = [
        "-c", "3", "-i", "200ms", "--send", "hi", "--times", &address,
    ];
    tool()
        .args(words)
        .assert()
        .success()
        .stdout("HI\nHI\nHI\n")
        .stderr(
            contains(format!("answer 1 from {address}: 2 bytes, "))
                .and(contains("answer 3 from "))
                .and(contains(
                    "3 sent, 3 answered, 0 lost (0.0%), 0 retries; rtt ",
                )),
        );
    let seen = seen.lock().unwrap();
    // On a busy machine the first may arrive late.
    assert!(seen[2].2 - seen[0].2 >= Duration::from_millis(200));
}

/// Many clients at once must not use up the machine's ports.
#[test]
fn few_ports_are_open_at_once() {
    let (address, seen) = serve(|_| true);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let address = address.clone();
            thread::spawn(move || {
                let words = ["--quiet", "--count", "300", "--retries", "0"];
                tool()
                    .args(words)
                    .args(["--timeout", "8s", &address])
                    .assert()
                    .success();
            })
        })
        .collect();
    clients
        .into_iter()
        .for_each(|client| client.join().unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1200);
    // Each message keeps its port while its answer may still arrive.
    let last: HashSet<_> = seen[1100..].iter().map(|(peer, ..)| peer).collect();
    assert!(last.len() > 40, "{}", last.len());
}

/// Broadcasting needs a socket option that is not set.
#[test]
fn a_message_that_cannot_be_sent_is_not_a_loss() {
    tool()
        .args(["--send", "a", "--send", "b", "255.255.255.255:9"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(
            contains("error: not sent to 255.255.255.255:9 (permission denied); the fault is on")
                .and(contains(
                    "0 sent, 0 answered, 0 lost (0.0%), 0 retries, 2 not sent\n",
                )),
        );
}
