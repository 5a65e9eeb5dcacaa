//! Tests the command line of `tcp-client`.

#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tcp-client"));
    command.timeout(std::time::Duration::from_secs(10));
    command
}

#[test]
fn help_and_version_go_to_stdout() {
    let assert = tool().arg("--help").assert().success().stderr(is_empty());
    assert.stdout(
        contains("Usage: tcp-client [OPTIONS] [ENDPOINT]")
            .and(contains("--send TEXT"))
            .and(contains("--bytes"))
            .and(contains("--connect-timeout TIME"))
            .and(contains("--timeout TIME"))
            .and(contains("--trace")),
    );
    let version = format!("tcp-client {}\n", env!("CARGO_PKG_VERSION"));
    tool().arg("--version").assert().success().stdout(version);
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (&["--send"][..], "--send needs its TEXT"),
        (&["--timeout", "0s"], "--timeout: \"0s\" is not a duration"),
        (&["--bytes", "--bytes"], "--bytes was given twice"),
        (
            &["127.0.0.1:"],
            "ENDPOINT: \"127.0.0.1:\" is not an endpoint",
        ),
        (
            &["8080"],
            "ENDPOINT: \"8080\" is not an endpoint (it has no host",
        ),
        (&["127.0.0.1:0"], "ENDPOINT: \"127.0.0.1:0\" has port 0"),
        (&["127.0.0.1:99999"], "ENDPOINT: \"127.0.0.1:99999\" is not"),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}")).and(contains("see tcp-client --help")),
            );
    }
}

#[test]
fn a_closed_port_is_one_line_of_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    tool()
        .arg(address.to_string())
        .assert()
        .code(1)
        .stderr(format!(
            "error: cannot connect to {address} (connection refused); is the server running?\n"
        ));
}
