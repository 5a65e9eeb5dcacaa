//! Tests the command line of `exec-server`.

// On Windows the tool only reports that it does not run.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, ends_with, is_empty, starts_with};

/// The flags of a lesson protocol.
const LONG: Duration = Duration::from_secs(10);
const RAW: [&str; 3] = ["--protocol", "raw", "--no-auth"];

/// A configuration folder without a token. No test here may create one.
fn config() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("exec-server-config")
}

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("exec-server"));
    command.timeout(LONG);
    command.env("XDG_CONFIG_HOME", config()).env_remove("HOME");
    command
}

#[test]
fn help_and_version_go_to_stdout() {
    for flag in ["--help", "-h"] {
        let assert = tool().arg(flag).assert().success().stderr(is_empty());
        assert.stdout(
            contains("Usage: exec-server [OPTIONS] [ENDPOINT]")
                .and(contains("[127.0.0.1:8000]"))
                .and(contains("\n  exec-server --protocol header --no-auth\n")),
        );
    }
    for flag in ["--version", "-V"] {
        let version = format!("exec-server {}\n", env!("CARGO_PKG_VERSION"));
        tool().arg(flag).assert().success().stdout(version);
    }
}

#[test]
fn help_shows_every_flag_in_its_group_with_its_default() {
    let help = String::from_utf8(tool().arg("--help").output().unwrap().stdout).unwrap();
    let groups = [
        "\nProtocol and safety:\n",
        "\nCommands:\n",
        "\nLimits:\n",
        "\nStopping:\n",
        "\nLogging:\n",
        "\nHelp:\n",
        "\nExamples:\n",
    ];
    let places = groups.map(|title| help.find(title).unwrap());
    assert!(places.is_sorted(), "{help}");
    let one_line = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for (flag, default) in [
        (" --protocol NAME", "[session]"),
        (" --no-auth", ""),
        (" --allow-remote", ""),
        (" --token-file FILE", "(~/.config/dialtone/token)"),
        (" --dir DIR", "(the server's directory)"),
        (" --timeout TIME", "(session: none, otherwise 60s)"),
        (" --kill-after TIME", "[2s]"),
        (" --drain TIME", "[none]"),
        (" --max-output SIZE", "[64MiB]"),
        (" --max-connections N", "[256]"),
        (" --max-unauthenticated N", "[32]"),
        (" --handshake-timeout TIME", "[10s]"),
        (" --idle-timeout TIME", "[5m]"),
        (" --write-timeout TIME", "(session: none, otherwise 30s)"),
        (" --alive-interval TIME", "[15s]"),
        (" --stop-on-eof", ""),
        (" --grace TIME", "[2s]"),
        (" --trace", ""),
        (" --quiet", ""),
    ] {
        let Some((_, rest)) = one_line.split_once(flag) else {
            panic!("no {flag}: {help}");
        };
        let entry = rest.split(" --").next().unwrap();
        assert!(entry.contains(default), "{flag}: {entry}");
    }
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (&["--nope"][..], "unknown flag \"--nope\""),
        (&["a:1", "b:2"], "unexpected argument \"b:2\""),
        (&["--protocol"], "--protocol needs its NAME"),
        (
            &["--protocol", "telnet"],
            "--protocol: \"telnet\" is unknown; choose from raw, length, header, session",
        ),
        (&["--token-file"], "--token-file needs its FILE"),
        (&["--dir"], "--dir needs its DIR"),
        (&["--timeout", "5"], "--timeout: \"5\" is not a duration"),
        (&["--kill-after", "0s"], "--kill-after: \"0s\" is not a"),
        (&["--drain", "0s"], "--drain: \"0s\" is not a"),
        (&["--max-output", "0"], "--max-output: \"0\" is not a size"),
        (&["--max-output", "3GiB"], "--max-output: \"3GiB\" is not"),
        (
            &["--max-connections", "0"],
            "--max-connections: \"0\" is not",
        ),
        (
            &["--max-connections", "4001"],
            "--max-connections: \"4001\"",
        ),
        (
            &["--max-unauthenticated", "x"],
            "--max-unauthenticated: \"x\"",
        ),
        (
            &["--handshake-timeout", "-1s"],
            "--handshake-timeout: \"-1s\"",
        ),
        (&["--idle-timeout", "5h"], "--idle-timeout: \"5h\" is not a"),
        (&["--write-timeout", "x"], "--write-timeout: \"x\" is not a"),
        (&["--alive-interval", "-1s"], "--alive-interval: \"-1s\""),
        (&["--grace", ""], "--grace: \"\" is not a duration"),
        (&["--quiet", "--quiet"], "--quiet was given twice"),
        (&["--no-auth", "--no-auth"], "--no-auth was given twice"),
        (
            &["--protocol=raw", "--protocol=raw"],
            "--protocol was given twice",
        ),
        (&["--trace=yes"], "--trace takes no value, and got \"yes\""),
        (
            &["--no-auth"],
            "--no-auth goes with --protocol raw, length or header",
        ),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}"))
                    .and(contains("see exec-server --help"))
                    .and(contains("\nUsage: exec-server [OPTIONS] [ENDPOINT]\n")),
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
        let assert = tool().args(RAW).arg(&endpoint).assert().code(2);
        assert.stderr(contains("ENDPOINT: ").and(contains("0 to 65535")));
    }
    // Valid ports fail only because this machine does not have the address.
    for port in ["0", "1", "22", "65535"] {
        let endpoint = format!("192.0.2.1:{port}");
        let assert = tool().args(RAW).arg(&endpoint).assert().code(1);
        assert.stderr(contains(format!("cannot listen on {endpoint}")));
    }
}

#[test]
fn a_lesson_protocol_needs_no_auth() {
    for protocol in ["raw", "length", "header"] {
        let words = ["--protocol", protocol, "127.0.0.1:0"];
        let assert = tool().args(words).assert().code(1);
        assert.stdout(is_empty()).stderr(
            "error: this mode runs shell commands for anyone who can reach 127.0.0.1:0, \
             including web pages; add --no-auth if you want that\n",
        );
    }
}

#[test]
fn other_machines_are_served_only_in_a_session_and_with_allow_remote() {
    for endpoint in ["0.0.0.0:0", "[::]:0"] {
        let refusal = format!("error: {endpoint} can be reached from other machines; ");
        for words in [
            &["--protocol", "raw"][..],
            &RAW,
            &["--protocol", "header", "--no-auth", "--allow-remote"],
        ] {
            let assert = tool().args(words).arg(endpoint).assert().code(1);
            assert.stdout(is_empty()).stderr(format!(
                "{refusal}--no-auth serves only loopback, and --allow-remote goes with \
                 --protocol session\n"
            ));
        }
        let assert = tool().arg(endpoint).assert().code(1).stdout(is_empty());
        assert.stderr(
            starts_with(format!("{refusal}add --allow-remote if you want that"))
                .and(contains("--no-auth is for loopback alone")),
        );
    }
    assert!(!config().exists(), "a token was created without a server");
}

#[test]
fn loopback_has_many_names() {
    for endpoint in ["127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "localhost:0"] {
        let mut command = tool();
        command.args(RAW).args(["--stop-on-eof", endpoint]);
        let output = command.output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        if endpoint == "[::1]:0" && words.contains("cannot listen on [::1]:0") {
            // A machine without IPv6.
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{words}");
        assert!(output.stdout.starts_with(b"listening on "));
        let warning = "warning: this runs shell commands for anyone who can reach";
        assert!(words.contains(warning), "{words}");
    }
}

#[test]
fn the_warning_is_shown_even_with_quiet() {
    let mut command = tool();
    command
        .args(RAW)
        .args(["--quiet", "--stop-on-eof", "127.0.0.1:0"]);
    let one_line = predicate::function(|words: &str| words.lines().count() == 1);
    let assert = command.assert().success();
    assert.stderr(contains(" warning: this runs shell commands").and(one_line));
}

#[test]
fn a_port_in_use_is_an_error_that_shows_how_to_find_its_program() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port();
    let assert = tool().args(RAW).arg(address.to_string()).assert().code(1);
    assert.stdout(is_empty()).stderr(format!(
        "error: {address} is already in use (by a running server, or by connections that one has left in TIME_WAIT); \
         see: ss -tanp 'sport = :{port}'\n"
    ));
}

#[test]
fn an_unknown_name_is_refused() {
    let assert = tool()
        .args(RAW)
        // A name with an empty label fails without a name server, which may be slow.
        .arg("no..such..host:0")
        .assert()
        .code(1);
    assert.stderr(contains("cannot find the address of no..such..host:0 ("));
}

#[test]
fn a_folder_that_is_not_there_is_told_at_the_start() {
    let nowhere = ["--dir", "/nonexistent", "127.0.0.1:0"];
    let assert = tool().args(RAW).args(nowhere).assert().code(1);
    assert.stderr("error: cannot enter the directory /nonexistent (no such file or directory)\n");
}

#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    drop(full);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" > /dev/full", "sh"]);
    shell.arg(assert_cmd::cargo::cargo_bin!("exec-server"));
    shell.args(RAW).arg("127.0.0.1:0").timeout(LONG);
    shell.assert().code(1).stderr(ends_with(
        "error: cannot write to standard output (No space left on device)\n",
    ));
}
