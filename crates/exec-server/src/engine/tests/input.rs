//! Tests a command's standard input.

use std::fs;
use std::sync::mpsc;
use std::thread;

use super::super::{Collected, Input, Outcome, Request, Stopped};
use super::deadline::poll;
use super::{
    DEADLINE, OUT_OF_REACH, engine, engine_with, exited, feed, members, quick, run, tell, within,
};

/// Runs a command while `say` writes its input, on another thread.
fn fed(command: &str, say: impl FnOnce(Input) + Send + 'static) -> (Outcome, Collected) {
    let request = Request {
        stdin: true,
        ..Request::new(command.as_bytes())
    };
    let mut running = engine().spawn(request).unwrap();
    let input = running.input.take().unwrap();
    let feeder = thread::spawn(move || say(input));
    within(move || {
        let result = running.collect(64 << 20).unwrap();
        feeder.join().unwrap();
        result
    })
}

#[test]
fn without_a_request_for_it_the_input_is_empty() {
    let engine = engine();
    assert_eq!(run(&engine, "cat").1.stdout, b"");
    assert_eq!(run(&engine, "read x || echo none").1.stdout, b"none\n");
    assert_eq!(
        run(&engine, "[ /dev/null -ef /proc/self/fd/0 ] && echo null")
            .1
            .stdout,
        b"null\n"
    );
}

#[test]
fn input_in_pieces_of_any_size_is_complete() {
    let pattern: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let sent = pattern.clone();
    let (outcome, collected) = fed("cat", move |mut input| {
        let mut rest = &sent[..];
        for size in [10, 100, 1000, 32_768, 65_536, 131_072, 262_144, usize::MAX] {
            let piece;
            (piece, rest) = rest.split_at(size.min(rest.len()));
            feed(&mut input, piece);
        }
    });
    assert_eq!(outcome.status, exited(0));
    assert!(collected.stdout == pattern);
}

#[test]
fn an_input_that_is_not_taken_is_empty() {
    let running = engine()
        .spawn(Request {
            stdin: true,
            ..Request::new(b"cat; echo end")
        })
        .unwrap();
    let (_, collected) = within(|| running.collect(100).unwrap());
    assert_eq!(collected.stdout, b"end\n");
}

#[test]
fn a_command_need_not_read_its_input() {
    let (outcome, _) = fed("exec <&-; exit 3", |mut input| {
        for _ in 0..100 {
            feed(&mut input, &[0; 65_536]);
        }
    });
    assert_eq!(outcome.status, exited(3));
    assert!(outcome.stopped.is_none());
    let (outcome, collected) = fed("head -c 5", |mut input| {
        for _ in 0..100 {
            feed(&mut input, b"12345678");
        }
    });
    assert_eq!(outcome.status, exited(0));
    assert_eq!(collected.stdout, b"12345");
}

/// Starts `command`, fills its input until a write blocks, and returns once it has written `ready`.
fn blocked_writer(command: &str) -> (super::super::Running, thread::JoinHandle<()>) {
    let engine = engine_with(quick());
    let mut running = engine
        .spawn(Request {
            stdin: true,
            ..Request::new(command.as_bytes())
        })
        .unwrap();
    let mut input = running.input.take().unwrap();
    let (sender, begun) = mpsc::channel();
    let writer = thread::spawn(move || {
        // The first piece fills the pipe, which the command does not read.
        feed(&mut input, &[0; 65_536]);
        sender.send(()).unwrap();
        (0..64).for_each(|_| feed(&mut input, &[0; 65_536]));
    });
    begun.recv_timeout(DEADLINE).unwrap();
    (running, writer)
}

#[test]
fn a_blocked_write_can_be_cancelled() {
    let (running, writer) = blocked_writer("sleep 1000");
    let group = running.job().group;
    let job = running.job();
    let pump = thread::spawn(move || running.collect(100).unwrap());
    super::until("the command runs", || !members(group).is_empty());
    assert!(!writer.is_finished());
    job.cancel();
    let (outcome, _) = within(|| pump.join().unwrap());
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
    within(|| writer.join().unwrap());
}

/// A process outside of the group holds the reading end of the input and never reads. (By default a
/// shell gives its background processes `/dev/null`.)
#[test]
fn a_write_does_not_wait_for_a_process_in_the_background() {
    let (running, writer) = blocked_writer(&format!(
        "exec 3<&0; setsid sleep 1000 <&3 3<&- >/dev/null 2>&1 & {OUT_OF_REACH}; echo $!; exit 4"
    ));
    let ([out, err], told) = tell();
    let outcome = within(move || running.pump(out, err).unwrap());
    assert_eq!(outcome.status, exited(4));
    assert!(!outcome.cut);
    within(|| writer.join().unwrap());
    let (_, pid) = told.recv_timeout(DEADLINE).unwrap();
    let pid = String::from_utf8(pid).unwrap().trim().parse().unwrap();
    // A write that still waits would hold its end of the pipe.
    let pipe = fs::read_link(format!("/proc/{pid}/fd/0")).unwrap();
    let is_open = || {
        let ours = fs::read_dir("/proc/self/fd").unwrap().flatten();
        ours.flat_map(|entry| fs::read_link(entry.path()))
            .any(|link| link == pipe)
    };
    let closed = poll(DEADLINE, || (!is_open()).then_some(()));
    super::end(pid);
    assert!(closed.is_some(), "a write still waits");
}
