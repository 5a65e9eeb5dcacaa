//! Tests a handler that panics: the user sees one line, not Rust's report.

use std::fs;
use std::process::Command;

use cross_process::artifacts::workspace;
use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::net::ANY_PORT;
use cross_process::process::Process;
use cross_process::server::Server;

use super::{client_command, server_command, skip, wait_until_served};

/// Whether the text is Rust's report of a panic: a backtrace, or the line before it.
fn is_rusts_report(text: &str) -> bool {
    ["panicked", "backtrace", "stack ", ".rs:"]
        .iter()
        .any(|word| text.contains(word))
}

#[test]
fn a_panic_ends_one_connection_and_is_one_line_in_the_log() {
    if !cfg!(debug_assertions) {
        return skip("a handler that panics", "only a debug build can be told to");
    }
    // With a limit of one, a connection that stayed counted would block all others.
    let mut command = server_command(&["--max-connections", "1", &ANY_PORT.to_string()]);
    command
        .env("DIALTONE_TEST_PANIC", "1")
        .env("RUST_BACKTRACE", "full");
    let mut server = Server::start(command);
    for round in 1..=3 {
        let stream = wait_until_served(server.addr());
        net::send(&stream, b"panic please");
        assert_eq!(net::read_to_end(&stream, SOON), b"");
        drop(stream);
        let next = wait_until_served(server.addr());
        net::half_close(&next);
        assert_eq!(net::read_to_end(&next, SOON), b"");
        // A thread of the harness reads the log and may be a little late.
        let internal_errors = || {
            let log = server.process.stderr.text();
            let closed = log.matches("closed after an internal error").count();
            (log.matches("internal error at ").count() == round && closed == round).then_some(())
        };
        cross_process::deadline::poll(SOON, internal_errors);
        let log = server.process.stderr.text();
        let told: Vec<&str> = log.lines().filter(|line| line.contains("error")).collect();
        let internal = told.iter().filter(|line| {
            line.starts_with("error: internal error at ")
                && line.ends_with("this is a bug, please report it")
        });
        assert_eq!(internal.count(), round, "{log}");
        assert!(
            !log.contains("panicked") && !log.contains("stack backtrace"),
            "{log}"
        );
        assert!(
            log.contains("closed after an internal error; 13 bytes in, 1 out"),
            "{log}"
        );
    }
    // The limit is one, and the last of the connections above may still be counted.
    server.assert_alive(|addr| {
        let fresh = wait_until_served(addr);
        assert_eq!(net::ask(&fresh, b"ping", 4), b"PING");
    });
}

/// A panic is caught, which `panic = "abort"` would make impossible.
#[test]
fn no_profile_aborts_on_a_panic() {
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let setting = |line: &&str| line.replace(' ', "").starts_with("panic=\"abort\"");
    assert_eq!(manifest.lines().find(setting), None);
    assert!(
        manifest.contains("[profile.release]"),
        "this is not the workspace's manifest"
    );
}

#[test]
fn failures_are_one_line_even_with_rust_backtrace() {
    let port = net::free_port().to_string();
    let client = client_command as fn(&[&str]) -> Command;
    let server = server_command as fn(&[&str]) -> Command;
    for (tool, words, status) in [
        (client, &["--send", "x", &port][..], 1),
        (client, &["--nope"], 2),
        (server, &["192.0.2.1:0"], 1),
        (server, &["unix:/nonexistent/socket"], 1),
        (server, &["127.0.0.1:no-port"], 2),
    ] {
        for level in ["1", "full"] {
            let mut command = tool(words);
            command
                .env("RUST_BACKTRACE", level)
                .env("RUST_LIB_BACKTRACE", level);
            let output = Process::spawn(command).finish(SOON);
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(status), "{words}");
            assert!(words.starts_with("error: "), "{words}");
            assert!(status == 2 || words.lines().count() == 1, "{words}");
            assert!(
                !is_rusts_report(&words) && !words.contains("os error"),
                "{words}"
            );
        }
    }
}
