//! What a command's end looks like.

use super::super::Status;
use super::{engine, run, run_request, within};
use crate::engine::Request;

#[test]
fn a_code_is_handed_on() {
    let engine = engine();
    for code in [0, 1, 4, 5, 44, 126, 127, 128, 137, 255] {
        let (outcome, _) = run(&engine, &format!("exit {code}"));
        assert_eq!(outcome.status, Some(Status::Code(code)));
        assert!(outcome.stopped.is_none() && !outcome.cut);
    }
}

#[test]
fn a_signal_is_not_a_code() {
    let engine = engine();
    for (name, number) in [("KILL", 9), ("TERM", 15), ("SEGV", 11), ("PIPE", 13)] {
        let (outcome, _) = run(&engine, &format!("kill -s {name} $$"));
        assert_eq!(outcome.status, Some(Status::Signal(number)), "{name}");
    }
}

#[test]
fn what_cannot_be_run_has_the_shells_status_and_words() {
    let engine = engine();
    let (outcome, collected) = run(&engine, "no-such-command-anywhere");
    assert_eq!(outcome.status, Some(Status::Code(127)));
    assert!(String::from_utf8_lossy(&collected.stderr).contains("not found"));
    let (outcome, _) = run(&engine, "/etc/passwd");
    assert_eq!(outcome.status, Some(Status::Code(126)));
    let (outcome, collected) = run(&engine, "if");
    assert_eq!(outcome.status, Some(Status::Code(2)));
    assert!(!collected.stderr.is_empty());
}

/// The shell goes on after both pipes have ended.
#[test]
fn a_status_comes_long_after_the_output_has_ended() {
    let engine = engine();
    let (outcome, collected) = run(
        &engine,
        "echo early; exec >/dev/null 2>&1; sleep 0.3; exit 7",
    );
    assert_eq!(outcome.status, Some(Status::Code(7)));
    assert_eq!(collected.stdout, b"early\n");
    assert!(!outcome.cut && outcome.stopped.is_none());
}

#[test]
fn a_hundred_at_once_do_not_mix() {
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
        assert_eq!(outcome.status, Some(Status::Code(n as i32)));
        assert_eq!(collected.stdout, format!("out {n}\n").as_bytes());
        assert_eq!(collected.stderr, format!("err {n}\n").as_bytes());
    }
}

#[test]
fn blank_commands_are_commands() {
    let engine = engine();
    for command in [" ", "\n", "# nothing"] {
        let (outcome, collected) = run(&engine, command);
        assert_eq!(outcome.status, Some(Status::Code(0)));
        assert_eq!(collected.stdout, b"");
    }
}

#[test]
fn bytes_that_are_no_text_reach_the_shell() {
    let (_, collected) = run_request(&engine(), b"printf %s '\xff\xfe'", |request| request);
    assert_eq!(collected.stdout, b"\xff\xfe");
}
