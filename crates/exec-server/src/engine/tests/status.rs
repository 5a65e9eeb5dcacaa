//! Tests a command's exit status.

use super::{engine, exited, run, run_request, signalled, within};
use crate::engine::Request;

#[test]
fn an_exit_code_is_returned() {
    let engine = engine();
    for code in [0, 1, 4, 5, 44, 126, 127, 128, 137, 255] {
        let (outcome, _) = run(&engine, &format!("exit {code}"));
        assert_eq!(outcome.status, exited(code));
        assert!(outcome.stopped.is_none() && !outcome.cut);
    }
}

#[test]
fn a_signal_is_not_a_code() {
    let engine = engine();
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("PIPE", 13)] {
        let (outcome, _) = run(&engine, &format!("kill -s {name} $$"));
        assert_eq!(outcome.status, signalled(number), "{name}");
    }
}

#[test]
fn an_unknown_command_has_the_shells_status_and_error() {
    let engine = engine();
    let (outcome, collected) = run(&engine, "no-such-command-anywhere");
    assert_eq!(outcome.status, exited(127));
    assert!(String::from_utf8_lossy(&collected.stderr).contains("not found"));
    let (outcome, _) = run(&engine, "/etc/passwd");
    assert_eq!(outcome.status, exited(126));
    let (outcome, collected) = run(&engine, "if");
    assert_eq!(outcome.status, exited(2));
    assert!(!collected.stderr.is_empty());
}

/// The shell runs on after both pipes have ended.
#[test]
fn a_status_may_come_long_after_the_end_of_output() {
    let engine = engine();
    let (outcome, collected) = run(
        &engine,
        "echo early; exec >/dev/null 2>&1; sleep 0.3; exit 7",
    );
    assert_eq!(outcome.status, exited(7));
    assert_eq!(collected.stdout, b"early\n");
    assert!(!outcome.cut && outcome.stopped.is_none());
}

#[test]
fn a_hundred_concurrent_commands_do_not_mix() {
    let engine = engine();
    let running: Vec<_> = (0..100)
        .map(|n| {
            let command = format!("echo out {n}; echo err {n} >&2; exit {n}");
            engine.spawn(Request::new(command.as_bytes())).unwrap()
        })
        .collect();
    let results = within(move || {
        let threads: Vec<_> = running
            .into_iter()
            .map(|running| std::thread::spawn(move || running.collect(1000).unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().unwrap())
            .collect::<Vec<_>>()
    });
    for (n, (outcome, collected)) in results.into_iter().enumerate() {
        assert_eq!(outcome.status, exited(n as i32));
        assert_eq!(collected.stdout, format!("out {n}\n").as_bytes());
        assert_eq!(collected.stderr, format!("err {n}\n").as_bytes());
    }
}

#[test]
fn commands_of_white_space_run() {
    let engine = engine();
    for command in [" ", "\n", "# nothing"] {
        let (outcome, collected) = run(&engine, command);
        assert_eq!(outcome.status, exited(0));
        assert_eq!(collected.stdout, b"");
    }
}

#[test]
fn bytes_that_are_not_utf_8_reach_the_shell() {
    let (_, collected) = run_request(&engine(), b"printf %s '\xff\xfe'", |request| request);
    assert_eq!(collected.stdout, b"\xff\xfe");
}
