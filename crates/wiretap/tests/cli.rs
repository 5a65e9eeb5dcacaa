//! The command line of `wiretap`, as a user meets it.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use predicates::str::contains;

fn wiretap() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("wiretap"));
    command.timeout(std::time::Duration::from_secs(10));
    command
}

fn refused(args: &[&str], status: i32, why: &str) {
    let done = wiretap().args(args).assert();
    done.code(status).stdout("").stderr(contains(why));
}

#[test]
fn help_names_every_bend_and_both_defaults() {
    let mut done = wiretap().arg("--help").assert().success().stderr("");
    for words in [
        "127.0.0.1:8081",
        "127.0.0.1:8080",
        "--chop",
        "--hold",
        "--delay",
        "--jitter",
        "--rate",
        "--close-after",
        "--reset-after",
        "--stall-after",
        "--drop",
        "--duplicate",
        "--reorder",
        "--seed",
    ] {
        done = done.stdout(contains(words));
    }
}

#[test]
fn wrong_values_are_usage_errors() {
    refused(&["--chop", "fast"], 2, "--chop");
    refused(&["--drop", "101"], 2, "--drop");
    refused(&["--decode", "http"], 2, "length, header, session, lines");
    refused(&["127.0.0.1:0", "127.0.0.1:0"], 2, "port 0");
    refused(&["--udp", "unix:/tmp/x"], 2, "UDP needs HOST:PORT");
}

#[test]
fn other_machines_take_part_only_where_that_is_asked_for() {
    refused(&["0.0.0.0:0"], 1, "--allow-remote");
    refused(&["127.0.0.1:0", "192.0.2.1:80"], 1, "--allow-remote");
}

#[test]
fn a_record_is_not_overwritten_and_a_replay_must_be_one() {
    let file = std::env::temp_dir().join(format!("wiretap-cli-{}", std::process::id()));
    std::fs::write(&file, "{}\n").unwrap();
    let name = file.to_str().unwrap();
    refused(&["--record", name, "127.0.0.1:0"], 1, "exists");
    refused(&["--replay", name], 1, "line 1: t is missing");
    std::fs::remove_file(&file).unwrap();
    refused(&["--replay", name], 1, "cannot replay");
}
