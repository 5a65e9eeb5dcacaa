//! Tests the command line of `udp-server`.

#![allow(clippy::unwrap_used)]

#[path = "../../../tests/src/deadline.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod deadline;

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use deadline::{SOON, in_time, poll};
use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};

const LONG: Duration = Duration::from_secs(10);

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("udp-server"));
    command.timeout(LONG);
    command
}

/// A running server that stops when its stdin is dropped.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    port: u16,
}

fn start(flags: &[&str]) -> Running {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("udp-server"))
        .args(flags)
        .args(["--stop-on-eof", "127.0.0.1:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut running = Running {
        stdin: child.stdin.take(),
        child,
        port: 0,
    };
    let line = in_time(move || {
        let mut line = String::new();
        stdout.read_line(&mut line).map(|_| line).unwrap()
    });
    let port = line.trim_end().strip_prefix("listening on 127.0.0.1:");
    running.port = port.unwrap().parse().unwrap();
    running
}

impl Running {
    fn ask(&self, message: &[u8]) -> Vec<u8> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket.send(message).unwrap();
        let mut reply = vec![0; 65_536];
        let count = socket.recv(&mut reply).unwrap();
        reply.truncate(count);
        reply
    }

    /// Closes its stdin, waits for its end, and returns its stderr.
    fn stop(mut self) -> String {
        drop(self.stdin.take());
        let mut stderr = self.child.stderr.take().unwrap();
        let words = in_time(move || {
            let mut words = String::new();
            stderr.read_to_string(&mut words).map(|_| words).unwrap()
        });
        let status = poll(SOON, || self.child.try_wait().unwrap());
        assert_eq!(status.unwrap().code(), Some(0));
        words
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let assert = tool().arg("--help").assert().success().stderr(is_empty());
    assert.stdout(
        contains("Usage: udp-server [OPTIONS] [ENDPOINT]")
            .and(contains("[127.0.0.1:8080]"))
            .and(contains("--recv-size SIZE"))
            .and(contains("--allow-remote"))
            .and(contains("--stop-on-eof"))
            .and(contains("--trace"))
            .and(contains("--quiet")),
    );
    let version = format!("udp-server {}\n", env!("CARGO_PKG_VERSION"));
    tool().arg("--version").assert().success().stdout(version);
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (
            &["--recv-size", "0"][..],
            "--recv-size: \"0\" is not a size",
        ),
        (&["--recv-size", "65508"], "--recv-size: \"65508\" is not a"),
        (&["--max-connections", "1"], "unknown flag"),
        #[cfg(unix)]
        (
            &["unix:/tmp/x"],
            "ENDPOINT: \"unix:/tmp/x\" is a Unix-domain path; UDP needs HOST:PORT",
        ),
        (&["127.0.0.1:65536"], "ENDPOINT: \"127.0.0.1:65536\" is not"),
        (&["a:1", "b:2"], "unexpected argument \"b:2\""),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}")).and(contains("see udp-server --help")),
            );
    }
}

#[test]
fn a_port_in_use_is_an_error_that_shows_how_to_find_its_program() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port();
    let who = match std::env::consts::OS {
        "linux" => format!("ss -uanp 'sport = :{port}'"),
        "windows" => format!("netstat -ano | findstr :{port}"),
        _ => format!("lsof -nP -iUDP:{port}"),
    };
    tool()
        .arg(address.to_string())
        .assert()
        .code(1)
        .stdout(is_empty())
        .stderr(format!(
            "error: {address} is already in use (by another program); \
             see: {who}\n"
        ));
}

#[test]
fn an_address_that_other_machines_can_reach_needs_allow_remote() {
    for host in ["0.0.0.0", "[::]"] {
        if UdpSocket::bind(format!("{host}:0")).is_err() {
            assert_eq!(host, "[::]", "only IPv6 may be missing");
            continue;
        }
        tool()
            .arg(format!("{host}:0"))
            .assert()
            .code(1)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {host}:"))
                    .and(contains(
                        "can be reached from other machines (a sender can be forged",
                    ))
                    .and(contains("); add --allow-remote if you want that\n")),
            );
    }
    tool()
        .args(["--allow-remote", "--stop-on-eof", "0.0.0.0:0"])
        .write_stdin("")
        .assert()
        .success()
        .stdout(starts_with("listening on 0.0.0.0:"))
        .stderr(
            contains("note: 0.0.0.0:")
                .and(contains("senders can be forged"))
                .and(contains(
                    "an answer may leave from another address of this host",
                )),
        );
}

#[test]
fn counters_are_shown_at_the_end() {
    let server = start(&["--recv-size", "4"]);
    for message in ["", "abc", "abcd", "abcdefgh"] {
        let kept = message.len().min(4);
        assert_eq!(server.ask(message.as_bytes()), &b"ABCD"[..kept]);
    }
    let words = server.stop();
    assert!(
        words.contains(" truncated: 4 of 8 bytes lost, by --recv-size 4\n"),
        "{words}"
    );
    assert!(
        words.ends_with(" 4 received, 4 answered, 1 truncated, 0 errors\n"),
        "{words}"
    );
}

#[test]
fn a_trace_shows_every_call_and_the_counters() {
    let server = start(&["--trace", "--recv-size", "4"]);
    server.ask(b"abcdefgh");
    server.ask(b"");
    let words = server.stop();
    let lines: Vec<&str> = words
        .lines()
        .filter_map(|line| line.split_once("Z ").map(|(_, text)| text))
        // Another thread logs that at any time after the last answer.
        .filter(|text| *text != "standard input ended, stopping")
        .map(|text| text.trim_start_matches(|c: char| c.is_ascii_digit() || ".: ".contains(c)))
        .collect();
    assert_eq!(
        lines,
        [
            "recvfrom(4) = 4 b'abcd'",
            "truncated: 4 of 8 bytes lost, by --recv-size 4",
            "sendto(4) = 4 b'ABCD'",
            "received, 1 answered, 1 truncated, 0 errors",
            "recvfrom(4) = 0 b''",
            "sendto(0) = 0 b''",
            "received, 2 answered, 1 truncated, 0 errors",
            "received, 2 answered, 1 truncated, 0 errors",
        ]
    );
}

#[test]
fn quiet_shows_only_the_endpoint() {
    let server = start(&["--quiet", "--recv-size", "1"]);
    assert_eq!(server.ask(b"ab"), b"A");
    assert_eq!(server.stop(), "");
}
