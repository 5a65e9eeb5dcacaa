//! Tests that no processes, descriptors, threads, memory or variables leak.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::super::{Engine, Request, Settings};
use super::owner::{self, Owner, say};
use super::{discard, engine, exited, processes, run, until, within};

/// The role `thousand`, which needs a process of its own.
pub(super) fn a_thousand() {
    let engine = Engine::start(Settings::default()).unwrap();
    let true_once = |engine: &Arc<Engine>| {
        let running = engine
            .spawn(Request {
                stdin: true,
                ..Request::new(b"true")
            })
            .unwrap();
        assert_eq!(running.collect(0).unwrap().0.status, exited(0));
    };
    let count = |dir: &str| fs::read_dir(dir).unwrap().count();
    let us = std::process::id().to_string();
    let children = || processes(|_, fields| fields[1] == us).len();
    let before = (count("/proc/self/fd"), count("/proc/self/task"), children());
    assert_eq!(before.2, 1, "the guardian");
    for _ in 0..1000 {
        true_once(&engine);
    }
    let threads: Vec<_> = (0..10)
        .map(|_| {
            let engine = Arc::clone(&engine);
            std::thread::spawn(move || (0..10).for_each(|_| true_once(&engine)))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    until("all is as before", || {
        (count("/proc/self/fd"), count("/proc/self/task"), children()) == before
    });
    drop(engine);
    until("the guardian is gone", || children() == 0);
    say("\nnothing left");
}

#[test]
fn a_thousand_commands_leave_nothing_behind() {
    assert_eq!(within(|| Owner::start("thousand").said("nothing")), "left");
}

/// The role `gigabyte`.
pub(super) fn much_output() {
    let engine = Engine::start(Settings::default()).unwrap();
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = peak();
    let running = engine
        .spawn(Request::new(b"head -c 1073741824 /dev/zero"))
        .unwrap();
    let outcome = running.pump(discard, discard).unwrap();
    assert_eq!(outcome.stdout, 1 << 30);
    let grown = peak() - before;
    assert!(grown < 4096, "{grown} KiB more");
    say("\nflat memory");
}

#[test]
fn a_gigabyte_passes_through_a_few_kilobytes() {
    assert_eq!(within(|| Owner::start("gigabyte").said("flat")), "memory");
}

#[test]
fn a_command_sees_none_of_our_descriptors() {
    let engine = engine();
    let other = engine
        .spawn(Request {
            stdin: true,
            ..Request::new(b"cat")
        })
        .unwrap();
    let (_, collected) = run(&engine, "ls /proc/self/fd");
    // Descriptors that the tests' parent has left open do not count.
    let plain = Command::new("/bin/sh")
        .args(["-c", "ls /proc/self/fd"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(collected.stdout, plain.stdout);
    assert!(plain.status.success());
    drop(other);
}

#[test]
fn a_command_sees_none_of_our_variables() {
    let output = within(|| {
        owner::command("environment")
            .env("DIALTONE_TOKEN", "secret")
            .env("OTHER", "kept")
            .output()
            .unwrap()
    });
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nOTHER=kept\n"), "{text}");
    assert!(
        !text.contains("DIALTONE") && !text.contains("secret"),
        "{text}"
    );
}

/// The answer may take an error from the connection that its next command has to see.
#[test]
fn a_command_that_is_over_is_not_asked_whether_it_is_unwanted() {
    let engine = engine();
    let asked = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&asked);
    let unwanted = move || {
        theirs.fetch_add(1, SeqCst);
        false
    };
    let request = Request {
        unwanted: Some(Box::new(unwanted)),
        ..Request::new(b"sleep 0.3")
    };
    let running = engine.spawn(request).unwrap();
    within(|| running.collect(0).unwrap());
    let before = asked.load(SeqCst);
    assert_ne!(before, 0);
    until("the clock drops it", || Arc::strong_count(&asked) == 1);
    assert_eq!(asked.load(SeqCst), before);
}
