//! Tests the engine with real processes. Every wait has a deadline, and none is a sleep.

mod cost;
#[path = "../../../../../tests/src/deadline.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod deadline;
mod ending;
mod guarding;
mod input;
mod leaks;
mod output;
mod owner;
mod refusing;
mod status;
#[path = "../../../../../tests/src/temp.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod temp;

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Collected, Engine, Outcome, Request, Settings};

/// Longer than any wait here takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(9);

/// Makes a shell wait until its `setsid` in the background has left the group.
const OUT_OF_REACH: &str =
    "until read -r a b c d e session g </proc/$!/stat && [ $session = $! ]; do :; done";

fn engine() -> Arc<Engine> {
    engine_with(settings())
}

fn engine_with(settings: Settings) -> Arc<Engine> {
    Engine::start(settings).unwrap()
}

fn settings() -> Settings {
    Settings {
        kill_after: Duration::from_secs(2),
        ..Settings::default()
    }
}

/// Settings with short times.
fn quick() -> Settings {
    Settings {
        kill_after: Duration::from_millis(200),
        drain: Some(Duration::from_millis(200)),
        ..settings()
    }
}

/// The status of a command that has exited with this code.
fn exited(code: i32) -> Option<ExitStatus> {
    Some(ExitStatus::from_raw(code << 8))
}

/// The status of a command that this signal has ended.
fn signalled(signal: i32) -> Option<ExitStatus> {
    Some(ExitStatus::from_raw(signal))
}

/// Runs `work` on another thread, and fails if it does not end.
fn within<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(DEADLINE) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("not done within {DEADLINE:?}"),
        Err(RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().unwrap_err())
        }
    }
}

/// Polls until `done` is true, and fails at the deadline.
#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let seen = deadline::poll(DEADLINE, || done().then_some(()));
    assert!(seen.is_some(), "{what}: not within {DEADLINE:?}");
}

/// Runs one command to its end, and collects its output.
fn run(engine: &Arc<Engine>, command: &str) -> (Outcome, Collected) {
    run_request(engine, command.as_bytes(), |request| request)
}

fn run_request(
    engine: &Arc<Engine>,
    command: &[u8],
    shape: impl FnOnce(Request<'_>) -> Request<'_>,
) -> (Outcome, Collected) {
    let running = engine.spawn(shape(Request::new(command))).unwrap();
    within(move || running.collect(64 << 20).unwrap())
}

/// Writes all of `bytes`, however long the command takes to read them.
fn feed(input: &mut super::Input, mut bytes: &[u8]) {
    while !input.offer(&mut bytes, DEADLINE) {}
}

/// The chunks of a command, each with the name of its stream.
type Told = Receiver<(&'static str, Vec<u8>)>;

/// Sinks for the two outputs that send each chunk to the test.
fn tell() -> (
    [impl FnMut(&[u8]) -> io::Result<()> + Send + 'static; 2],
    Told,
) {
    let (sender, receiver) = mpsc::channel();
    let sink = |stream| {
        let sender = sender.clone();
        move |bytes: &[u8]| {
            sender
                .send((stream, bytes.to_vec()))
                .map_err(|_| io::ErrorKind::BrokenPipe.into())
        }
    };
    (["out", "err"].map(sink), receiver)
}

/// A sink for an output that does not matter.
fn discard(_: &[u8]) -> io::Result<()> {
    Ok(())
}

/// The processes of a group that are not zombies.
fn members(group: u32) -> Vec<u32> {
    processes(|_, fields| fields[0] != "Z" && fields[2] == group.to_string())
}

/// The processes for which `wanted(PID, [state, parent, group, ...])`.
fn processes(wanted: impl Fn(u32, &[&str]) -> bool) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // The process may have ended meanwhile.
        let Ok(stat) = fs::read(entry.path().join("stat")) else {
            continue;
        };
        let stat = String::from_utf8_lossy(&stat);
        let fields: Vec<_> = stat
            .rsplit_once(") ")
            .map(|(_, rest)| rest.split(' ').collect())
            .unwrap_or_default();
        if fields.len() > 2 && wanted(pid, &fields) {
            found.push(pid);
        }
    }
    found
}

/// Ends a process that a test has left running on purpose.
fn end(pid: u32) {
    std::process::Command::new("/bin/sh")
        .args(["-c", "kill -s KILL \"$1\"", "sh", &pid.to_string()])
        .status()
        .unwrap();
}
