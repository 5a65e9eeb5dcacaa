//! Tests commands that do not end on their own, and the processes that they leave behind.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::{Engine, EngineError, Job, Outcome, Request, Running, Settings, Stopped};
use super::{
    DEADLINE, OUT_OF_REACH, Told, discard, end, engine, engine_with, exited, members, quick, run,
    run_request, signalled, tell, until, within,
};

/// A shell and two child processes, all of which ignore TERM.
const STUBBORN: &str = "trap '' TERM; sh -c 'sleep 1000; :' & echo ready; sleep 1000; :";

/// A command whose output goes to the test, and which has written `ready`.
struct Under {
    group: u32,
    job: Arc<Job>,
    said: String,
    told: Told,
    pump: JoinHandle<Result<Outcome, EngineError>>,
}

fn under(engine: &Arc<Engine>, command: &str) -> Under {
    let running = engine.spawn(Request::new(command.as_bytes())).unwrap();
    let ([out, err], told) = tell();
    let mut under = Under {
        group: running.job().group,
        job: running.job(),
        said: String::new(),
        told,
        pump: thread::spawn(move || running.pump(out, err)),
    };
    let (_, said) = under.told.recv_timeout(DEADLINE).unwrap();
    under.said = String::from_utf8(said).unwrap();
    assert!(under.said.starts_with("ready"));
    under
}

impl Under {
    fn outcome(self) -> Outcome {
        within(|| self.pump.join().unwrap().unwrap())
    }
}

#[test]
fn a_cancelled_command_is_gone_with_all_its_processes() {
    let under = under(
        &engine(),
        "sleep 1000 | sleep 1000 & echo ready; sleep 1000; :",
    );
    let (group, job) = (under.group, under.job.clone());
    job.cancel();
    job.cancel();
    let outcome = under.outcome();
    assert_eq!(outcome.status, signalled(15));
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
    until("the group is gone", || members(group).is_empty());
    // The command ended long ago, so this does nothing.
    job.cancel();
}

#[test]
fn a_command_that_ignores_term_is_killed_after_the_grace() {
    let under = under(&engine_with(quick()), STUBBORN);
    let group = under.group;
    until("all are there", || members(group).len() >= 4);
    under.job.cancel();
    let outcome = under.outcome();
    assert_eq!(outcome.status, signalled(9));
    until("the group is gone", || members(group).is_empty());
}

/// The shell obeys TERM. The process that ignores it does not hold the pipes, so it is not waited
/// for.
#[test]
fn a_process_that_outlives_its_shell_is_killed_too() {
    let under = under(
        &engine(),
        "sh -c 'trap \"\" TERM; echo ready; exec >/dev/null 2>&1; sleep 1000; :' & wait",
    );
    let group = under.group;
    until("the inner shell has let go", || members(group).len() == 3);
    under.job.cancel();
    assert_eq!(under.outcome().status, signalled(15));
    until("the group is gone", || members(group).is_empty());
}

#[test]
fn a_command_may_clean_up_within_the_grace() {
    let under = under(
        &engine_with(Settings {
            kill_after: DEADLINE,
            ..quick()
        }),
        "trap 'sleep 0.3; echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done",
    );
    under.job.cancel();
    // The shell also writes to stderr that its sleep was terminated.
    let said = || under.told.recv_timeout(DEADLINE).unwrap();
    until("it says so", || said() == ("out", b"bye\n".to_vec()));
    assert_eq!(under.outcome().status, exited(9));
}

#[test]
fn every_process_of_the_group_gets_term() {
    let under = under(
        &engine_with(Settings {
            kill_after: DEADLINE,
            ..quick()
        }),
        "sh -c 'trap \"echo bye; exit\" TERM; echo ready; while :; do sleep 0.01; done' & wait",
    );
    under.job.cancel();
    let said = || under.told.recv_timeout(DEADLINE).unwrap();
    until("it says so", || said() == ("out", b"bye\n".to_vec()));
    assert_eq!(under.outcome().status, signalled(15));
}

#[test]
fn a_command_that_times_out_keeps_its_output_so_far() {
    let engine = engine_with(quick());
    let timeout = Some(Duration::from_millis(300));
    for command in [
        "echo first; sleep 1000",
        "echo first; sleep 1000; :",
        STUBBORN,
    ] {
        let (outcome, collected) = run_request(&engine, command.as_bytes(), |request| Request {
            timeout,
            ..request
        });
        assert!(
            matches!(outcome.stopped, Some(Stopped::TimedOut)),
            "{command}"
        );
        assert!(outcome.status.is_some_and(|it| it.signal().is_some()));
        assert!(!collected.stdout.is_empty());
    }
    // The shell has closed its outputs, so only its end is waited for.
    let (outcome, _) = run_request(&engine, b"exec >&- 2>&-; sleep 1000", |request| Request {
        timeout,
        ..request
    });
    assert!(matches!(outcome.stopped, Some(Stopped::TimedOut)));
}

#[test]
fn a_timeout_that_is_not_reached_changes_nothing() {
    for timeout in [Duration::from_secs(60), Duration::MAX] {
        let (outcome, collected) = run_request(&engine(), b"echo in time", |request| Request {
            timeout: Some(timeout),
            ..request
        });
        assert!(outcome.stopped.is_none());
        assert_eq!(collected.stdout, b"in time\n");
    }
}

/// As with ssh, the command is over when its outputs have ended.
#[test]
fn late_output_of_a_background_process_still_arrives() {
    let (outcome, collected) = run(&engine(), "(sleep 1.5; echo late) & exit 3");
    assert_eq!(outcome.status, exited(3));
    assert!(!outcome.cut && outcome.stopped.is_none());
    assert_eq!(collected.stdout, b"late\n");
}

#[test]
fn the_output_of_a_background_process_is_closed_after_the_drain_time_and_the_process_goes_on() {
    let engine = engine_with(quick());
    for command in [
        "(trap '' TERM; sleep 1000; :) & echo $!; exit 3",
        "yes & echo $!; exit 3",
    ] {
        let running = engine.spawn(Request::new(command.as_bytes())).unwrap();
        let group = running.job().group;
        let outcome = within(move || running.pump(discard, discard).unwrap());
        assert_eq!(outcome.status, exited(3));
        assert!(outcome.cut && outcome.stopped.is_none());
        let left = members(group);
        // `yes` ends because its pipe was closed.
        assert!(command.starts_with("yes") || !left.is_empty());
        left.into_iter().for_each(end);
        until("the group is gone", || members(group).is_empty());
    }
}

/// The times of a cancelled job, the deadline and the drain limit run at the same time.
#[test]
fn one_limit_ends_the_wait_for_a_process_out_of_reach() {
    let engine = engine_with(Settings {
        drain: Some(DEADLINE * 10),
        ..quick()
    });
    let command = format!("setsid sleep 1000 & {OUT_OF_REACH}; echo ready $!; exit 5");
    let under = under(&engine, &command);
    let job = under.job.clone();
    let stays = under
        .said
        .trim_start_matches("ready ")
        .trim()
        .parse()
        .unwrap();
    until("the shell has ended", || job.held_open().is_some());
    job.cancel();
    let outcome = under.outcome();
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
    assert_eq!(outcome.status, exited(5));
    end(stays);
}

/// A sink that is always in the middle of a chunk.
fn slow(_: &[u8]) -> io::Result<()> {
    let end = Instant::now() + Duration::from_millis(5);
    while Instant::now() < end {
        thread::yield_now();
    }
    Ok(())
}

#[test]
fn a_slow_client_does_not_keep_a_chatty_process_alive() {
    let engine = engine_with(quick());
    let running = engine.spawn(Request::new(b"yes & exit 3")).unwrap();
    let outcome = within(move || running.pump(slow, slow).unwrap());
    assert_eq!(outcome.status, exited(3));
    assert!(outcome.cut);
}

/// As with ssh, a process that closes the command's pipes may stay.
#[test]
fn a_process_that_holds_no_pipe_stays() {
    let (outcome, collected) = run(&engine(), "sleep 1000 >/dev/null 2>&1 & echo $!");
    assert!(!outcome.cut);
    let stays: u32 = String::from_utf8(collected.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert_eq!(
        super::processes(|pid, fields| pid == stays && fields[0] != "Z"),
        [stays]
    );
    end(stays);
}

/// A sink that blocks until the test lets it go on, and then may fail.
struct Stuck {
    entered: Mutex<Sender<()>>,
    gate: Mutex<Receiver<io::Result<()>>>,
    taken: Mutex<Vec<u8>>,
}

impl Stuck {
    fn new() -> (Arc<Self>, Receiver<()>, Sender<io::Result<()>>) {
        let (entered, in_sink) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let stuck = Self {
            entered: Mutex::new(entered),
            gate: Mutex::new(gate),
            taken: Mutex::default(),
        };
        (Arc::new(stuck), in_sink, open)
    }
}

impl Stuck {
    fn take(&self, buffer: &[u8]) -> io::Result<()> {
        let _ = self.entered.lock().unwrap().send(());
        // Without a sender the gate is open.
        let result = self.gate.lock().unwrap().recv().unwrap_or(Ok(()));
        self.taken.lock().unwrap().extend_from_slice(buffer);
        result
    }
}

#[test]
fn the_group_dies_while_the_sink_is_stuck() {
    let (sink, in_sink, open) = Stuck::new();
    let running = engine().spawn(Request::new(b"yes")).unwrap();
    let (group, job) = (running.job().group, running.job());
    let pump = thread::spawn(move || running.pump(|bytes| sink.take(bytes), discard).unwrap());
    in_sink.recv_timeout(DEADLINE).unwrap();
    assert!(!members(group).is_empty());
    job.cancel();
    until("the group is gone", || members(group).is_empty());
    assert!(!pump.is_finished());
    open.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
    let outcome = within(|| pump.join().unwrap());
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
}

#[test]
fn a_sink_that_fails_ends_the_command() {
    let (sink, in_sink, open) = Stuck::new();
    open.send(Err(io::ErrorKind::ConnectionReset.into()))
        .unwrap();
    let running = engine().spawn(Request::new(b"yes; echo never")).unwrap();
    let group = running.job().group;
    let outcome = within(move || running.pump(|bytes| sink.take(bytes), discard).unwrap());
    assert!(
        matches!(&outcome.stopped, Some(Stopped::Sink(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    );
    assert_eq!(in_sink.try_iter().count(), 1);
    assert_eq!(outcome.stdout, 0);
    until("the group is gone", || members(group).is_empty());
}

/// The command has ended, and a slow client still gets the last byte: the open pipe is not taken
/// for a background process.
#[test]
fn a_slow_client_loses_nothing() {
    let (sink, in_sink, open) = Stuck::new();
    let running = engine_with(quick())
        .spawn(Request::new(b"yes | head -c 60000"))
        .unwrap();
    let theirs = Arc::clone(&sink);
    let group = running.job().group;
    let pump = thread::spawn(move || running.pump(|bytes| theirs.take(bytes), discard).unwrap());
    in_sink.recv_timeout(DEADLINE).unwrap();
    until("the command has ended", || members(group).is_empty());
    // Several times the drain time.
    let end = Instant::now() + Duration::from_secs(1);
    until("time goes by", || Instant::now() > end);
    drop(open);
    let outcome = within(|| pump.join().unwrap());
    assert!(!outcome.cut && outcome.stopped.is_none());
    assert_eq!(sink.taken.lock().unwrap().len(), 60_000);
}

fn panics(_: &[u8]) -> io::Result<()> {
    panic!("on purpose")
}

#[test]
fn a_sink_that_panics_ends_the_command() {
    let engine = engine();
    for command in ["yes", "yes >&2"] {
        let running = engine.spawn(Request::new(command.as_bytes())).unwrap();
        let group = running.job().group;
        let pump = thread::spawn(move || running.pump(panics, panics).map(drop));
        until("it panics", || pump.is_finished());
        assert!(pump.join().is_err());
        until("the group is gone", || members(group).is_empty());
    }
    assert_eq!(run(&engine, "echo on").1.stdout, b"on\n");
}

#[test]
fn a_command_that_is_not_pumped_is_ended() {
    let running: Running = engine().spawn(Request::new(b"sleep 1000")).unwrap();
    let group = running.job().group;
    within(move || drop(running));
    until("the group is gone", || members(group).is_empty());
}

#[test]
fn a_stopped_command_is_ended_too() {
    let under = under(&engine_with(quick()), "echo ready; kill -s STOP $$; :");
    let group = under.group;
    until("it has stopped", || {
        !super::processes(|pid, fields| pid == group && fields[0] == "T").is_empty()
    });
    under.job.cancel();
    let status = under.outcome().status;
    assert!(
        status == signalled(9) || status == signalled(15),
        "{status:?}"
    );
}
