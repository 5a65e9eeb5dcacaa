//! Tests a command's outputs.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use super::super::{Request, Stopped};
use super::{engine, exited, run, signalled, tell, within};
use crate::engine::Settings;

/// 65536 bytes fill a pipe that is not read.
#[test]
fn outputs_of_sizes_around_a_pipes_capacity_are_complete() {
    let engine = engine();
    for size in [1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 20] {
        let (outcome, collected) = run(&engine, &format!("yes | head -c {size}"));
        assert_eq!((collected.stdout.len(), collected.stderr.len()), (size, 0));
        assert_eq!((outcome.stdout, outcome.stderr), (size as u64, 0));
        assert!(
            collected
                .stdout
                .chunks(2)
                .all(|two| b"y\n".starts_with(two))
        );
        let (outcome, collected) = run(&engine, &format!("yes | head -c {size} >&2"));
        assert_eq!((collected.stdout.len(), collected.stderr.len()), (0, size));
        assert_eq!((outcome.stdout, outcome.stderr), (0, size as u64));
    }
}

#[test]
fn both_streams_are_complete_at_once_and_one_after_the_other() {
    let engine = engine();
    let work = "yes out | head -c 300000";
    let more = "yes err | head -c 300000 >&2";
    for command in [
        format!("{work} & {more}; wait"),
        format!("{work}; {more}"),
        format!("{more}; {work}"),
    ] {
        let (_, collected) = run(&engine, &command);
        assert!(collected.stdout == b"out\n".repeat(75_000), "{command}");
        assert!(collected.stderr == b"err\n".repeat(75_000), "{command}");
    }
}

#[test]
fn every_byte_value_is_unchanged() {
    let (_, collected) = run(
        &engine(),
        r#"i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done"#,
    );
    assert_eq!(collected.stdout, (0..=255).collect::<Vec<u8>>());
}

#[test]
fn a_writer_whose_pipe_was_closed_ends() {
    let (outcome, collected) = run(&engine(), "while true; do echo yes; done | head -n 2000");
    assert_eq!(outcome.status, exited(0));
    assert!(collected.stdout == b"yes\n".repeat(2000));
}

#[test]
fn output_arrives_while_the_command_runs() {
    let mut running = engine()
        .spawn(Request {
            stdin: true,
            ..Request::new(b"echo out; echo err >&2; cat")
        })
        .unwrap();
    let input = running.input.take().unwrap();
    let ([out, err], told) = tell();
    let pump = std::thread::spawn(move || running.pump(out, err).unwrap());
    let mut first = [(); 2].map(|()| told.recv_timeout(super::DEADLINE).unwrap());
    first.sort_by_key(|(stream, _)| *stream == "err");
    assert_eq!(first[0], ("out", b"out\n".to_vec()));
    assert_eq!(first[1], ("err", b"err\n".to_vec()));
    drop(input);
    assert_eq!(within(|| pump.join().unwrap()).status, exited(0));
}

/// Keeps all chunks, and the length of the longest.
#[derive(Default)]
struct Chunks {
    bodies: Mutex<Vec<u8>>,
    longest: AtomicUsize,
}

impl Chunks {
    fn take(&self, bytes: &[u8]) -> io::Result<()> {
        assert!(!bytes.is_empty());
        self.longest.fetch_max(bytes.len(), Relaxed);
        self.bodies.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    }
}

#[test]
fn chunks_are_at_most_64_kib() {
    let chunks = Arc::new(Chunks::default());
    let running = engine()
        .spawn(Request::new(b"yes | head -c 3000000"))
        .unwrap();
    let (out, err) = (Arc::clone(&chunks), Arc::clone(&chunks));
    let outcome = within(move || {
        running
            .pump(|bytes| out.take(bytes), move |bytes| err.take(bytes))
            .unwrap()
    });
    assert_eq!(outcome.stdout, 3_000_000);
    assert!(*chunks.bodies.lock().unwrap() == b"y\n".repeat(1_500_000));
    let longest = chunks.longest.load(Relaxed);
    assert!((4097..=65_536).contains(&longest), "{longest}");
    // Only the test still holds the chunks.
    assert!(Arc::into_inner(chunks).is_some());
}

#[test]
fn a_collection_over_its_limit_ends_the_command() {
    let engine = engine();
    let collect = |command: &[u8], limit| {
        let running = engine.spawn(Request::new(command)).unwrap();
        within(move || running.collect(limit).unwrap())
    };
    let (outcome, collected) = collect(b"printf 12345; printf 67890 >&2", 10);
    assert!(outcome.stopped.is_none());
    assert_eq!(collected.stdout, b"12345");
    assert_eq!(collected.stderr, b"67890");

    let (outcome, collected) = collect(b"printf 12345; printf 678901 >&2", 10);
    assert!(collected.stdout.len() + collected.stderr.len() <= 10);
    assert!(matches!(outcome.stopped, Some(Stopped::Sink(_))));

    let (outcome, collected) = collect(b"yes", 100_000);
    assert!(collected.stdout.len() <= 100_000);
    assert!(matches!(outcome.stopped, Some(Stopped::Sink(_))));
    assert_eq!(outcome.status, signalled(15));
}

#[test]
fn a_command_runs_in_its_directory() {
    let engine = super::engine_with(Settings {
        dir: Some("/usr/bin".into()),
        ..Settings::default()
    });
    assert_eq!(run(&engine, "pwd").1.stdout, b"/usr/bin\n");
}
