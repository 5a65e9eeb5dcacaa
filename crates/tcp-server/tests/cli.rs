//! Tests the command line of `tcp-server`.

#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tcp-server"));
    command.timeout(std::time::Duration::from_secs(10));
    command
}

/// The names of all flags, read from the help.
fn flags() -> Vec<String> {
    let help = tool().arg("--help").output().unwrap().stdout;
    let words = String::from_utf8(help).unwrap();
    let words = words.split_whitespace();
    words
        .filter_map(|word| word.strip_prefix("--"))
        .map(|name| name.trim_end_matches([',', ']']).to_owned())
        .collect()
}

#[test]
fn help_and_version_go_to_stdout() {
    for flag in ["--help", "-h"] {
        let assert = tool().arg(flag).assert().success().stderr(is_empty());
        assert.stdout(
            contains("Usage: tcp-server [OPTIONS] [ENDPOINT]")
                .and(contains("[127.0.0.1:8080]"))
                .and(contains("Examples:")),
        );
    }
    for flag in ["--version", "-V"] {
        let version = format!("tcp-server {}\n", env!("CARGO_PKG_VERSION"));
        tool().arg(flag).assert().success().stdout(version);
    }
}

#[test]
fn every_documented_limit_is_a_flag() {
    let flags = flags();
    for name in [
        "max-connections",
        "idle-timeout",
        "write-timeout",
        "recv-size",
        "stop-on-eof",
        "grace",
        "trace",
        "quiet",
    ] {
        assert!(flags.iter().any(|flag| flag == name), "{name}: {flags:?}");
    }
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (&["--nope"][..], "unknown flag \"--nope\""),
        (&["a:1", "b:2"], "unexpected argument \"b:2\""),
        (&["--recv-size"], "--recv-size needs its SIZE"),
        (&["--recv-size", "0"], "--recv-size: \"0\" is not a size"),
        (
            &["--idle-timeout", "5"],
            "--idle-timeout: \"5\" is not a duration",
        ),
        (
            &["--max-connections", "0"],
            "--max-connections: \"0\" is not",
        ),
        (&["--quiet", "--quiet"], "--quiet was given twice"),
        (&["--trace=yes"], "--trace takes no value, and got \"yes\""),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}"))
                    .and(contains("see tcp-server --help"))
                    .and(contains("Usage: tcp-server")),
            );
    }
}

#[test]
fn a_port_is_a_number_from_0_to_65535() {
    for port in [
        "65536",
        "131073",
        "-1",
        "+1",
        "2000blah",
        "blah2000",
        "",
        " 80",
        "８０００",
    ] {
        let endpoint = format!("127.0.0.1:{port}");
        tool()
            .arg(&endpoint)
            .assert()
            .code(2)
            .stderr(contains("ENDPOINT: ").and(contains("0 to 65535")));
    }
}

#[test]
fn a_port_in_use_is_an_error_that_shows_how_to_find_its_program() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port();
    let who = match std::env::consts::OS {
        "linux" => format!("ss -tanp 'sport = :{port}'"),
        "windows" => format!("netstat -ano | findstr :{port}"),
        _ => format!("lsof -nP -iTCP:{port}"),
    };
    tool()
        .arg(address.to_string())
        .assert()
        .code(1)
        .stderr(format!(
            "error: {address} is already in use (by a running server, or by connections that one has left in TIME_WAIT); \
             see: {who}\n"
        ));
}

#[test]
fn an_address_of_another_machine_and_an_unknown_name_are_refused() {
    tool().arg("192.0.2.1:0").assert().code(1).stderr(contains(
        "cannot listen on 192.0.2.1:0 (this machine has no such address);",
    ));
    tool()
        // A name with an empty label fails without a name server, which may be slow.
        .arg("no..such..host:0")
        .assert()
        .code(1)
        .stderr(contains("cannot find the address of no..such..host:0 ("));
}

/// With more than about 16000 threads the process would abort, which nothing can catch.
#[test]
fn a_limit_above_the_kernels_is_a_usage_error() {
    tool()
        .args(["--max-connections", "1000000", "127.0.0.1:0"])
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains(
            "--max-connections: \"1000000\" is not a whole number from 1 to 16000",
        ));
}

// Windows has no such device.
#[cfg(unix)]
#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tcp-server"))
        .arg("--help")
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(1));
    let words = String::from_utf8(status.stderr).unwrap();
    assert_eq!(
        words,
        "error: cannot write to standard output (No space left on device)\n"
    );
}
