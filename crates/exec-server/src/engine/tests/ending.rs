//! Commands that do not end by themselves, and what they leave behind.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::{
    Canceller, CommandError, Engine, Outcome, Request, Running, Settings, Sink, Status, Stopped,
    Stream,
};
use super::{
    DEADLINE, OUT_OF_REACH, Tell, end, engine, engine_with, members, quick, run, run_request,
    until, within,
};

/// A shell and two processes of its own, none of which heeds TERM.
const STUBBORN: &str = "trap '' TERM; sh -c 'sleep 1000; :' & echo ready; sleep 1000; :";

/// A command whose output goes to the test, and which has said `ready`.
struct Under {
    group: u32,
    canceller: Canceller,
    told: Receiver<(Stream, Vec<u8>)>,
    pump: JoinHandle<Result<Outcome, CommandError>>,
}

fn under(engine: &Engine, command: &str) -> Under {
    let running = engine.spawn(&Request::new(command.as_bytes())).unwrap();
    let (tell, told) = Tell::new();
    let under = Under {
        group: running.group(),
        canceller: running.canceller(),
        told,
        pump: thread::spawn(move || running.pump(&Arc::new(tell))),
    };
    let (_, said) = under.told.recv_timeout(DEADLINE).unwrap();
    assert!(said.starts_with(b"ready\n"));
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
    let (group, canceller) = (under.group, under.canceller.clone());
    canceller.cancel();
    canceller.cancel();
    let outcome = under.outcome();
    assert_eq!(outcome.status, Status::Signal(15));
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
    until("the group is gone", || members(group).is_empty());
    // Long over, and nobody is hit.
    canceller.cancel();
}

#[test]
fn who_ignores_term_is_killed_after_the_grace() {
    let under = under(&engine_with(quick()), STUBBORN);
    let group = under.group;
    until("all are there", || members(group).len() >= 4);
    under.canceller.cancel();
    let outcome = under.outcome();
    assert_eq!(outcome.status, Status::Signal(9));
    until("the group is gone", || members(group).is_empty());
}

/// The shell heeds TERM; what ignores it holds none of the pipes, so that nothing is waited for.
#[test]
fn what_outlives_its_shell_is_killed_with_it() {
    let under = under(
        &engine(),
        "sh -c 'trap \"\" TERM; echo ready; exec >/dev/null 2>&1; sleep 1000; :' & wait",
    );
    let group = under.group;
    until("the inner shell has let go", || members(group).len() == 3);
    under.canceller.cancel();
    assert_eq!(under.outcome().status, Status::Signal(15));
    until("the group is gone", || members(group).is_empty());
}

#[test]
fn a_command_may_clear_up_within_the_grace() {
    let under = under(
        &engine_with(Settings {
            grace: DEADLINE,
            ..quick()
        }),
        "trap 'sleep 0.3; echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done",
    );
    under.canceller.cancel();
    // The shell also says on stderr that its sleep was terminated.
    let said = || under.told.recv_timeout(DEADLINE).unwrap();
    until("it says so", || {
        said() == (Stream::Stdout, b"bye\n".to_vec())
    });
    assert_eq!(under.outcome().status, Status::Code(9));
}

#[test]
fn everybody_in_the_group_is_asked_to_end() {
    let under = under(
        &engine_with(Settings {
            grace: DEADLINE,
            ..quick()
        }),
        "sh -c 'trap \"echo bye; exit\" TERM; echo ready; while :; do sleep 0.01; done' & wait",
    );
    under.canceller.cancel();
    let said = || under.told.recv_timeout(DEADLINE).unwrap();
    until("it says so", || {
        said() == (Stream::Stdout, b"bye\n".to_vec())
    });
    assert_eq!(under.outcome().status, Status::Signal(15));
}

#[test]
fn time_is_up_and_the_output_so_far_is_kept() {
    let engine = engine_with(quick());
    let timeout = Some(Duration::from_millis(300));
    for command in [
        "echo first; sleep 1000",
        "echo first; sleep 1000; :",
        STUBBORN,
    ] {
        let (outcome, collected) = run_request(&engine, command.as_bytes(), |request| {
            request.timeout(timeout)
        });
        assert!(
            matches!(outcome.stopped, Some(Stopped::TimedOut)),
            "{command}"
        );
        assert!(matches!(outcome.status, Status::Signal(_)));
        assert!(!collected.stdout.is_empty());
    }
    // The shell has let go of its output, so that only its end is waited for.
    let (outcome, _) = run_request(&engine, b"exec >&- 2>&-; sleep 1000", |request| {
        request.timeout(timeout)
    });
    assert!(matches!(outcome.stopped, Some(Stopped::TimedOut)));
}

#[test]
fn a_timeout_that_is_not_met_changes_nothing() {
    for timeout in [Duration::from_secs(60), Duration::MAX] {
        let (outcome, collected) = run_request(&engine(), b"echo in time", |request| {
            request.timeout(Some(timeout))
        });
        assert!(outcome.stopped.is_none());
        assert_eq!(collected.stdout, b"in time\n");
    }
}

#[test]
fn a_process_in_the_background_does_not_keep_anybody_waiting() {
    let engine = engine();
    let (outcome, collected) = run(&engine, "sleep 1000 & echo $$");
    assert_eq!(outcome.status, Status::Code(0));
    assert!(outcome.background && outcome.stopped.is_none());
    let group = String::from_utf8(collected.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    until("the group is gone", || members(group).is_empty());
}

#[test]
fn a_stubborn_or_chatty_process_in_the_background_is_ended_too() {
    let engine = engine_with(quick());
    for command in ["(trap '' TERM; sleep 1000; :) & exit 3", "yes & exit 3"] {
        let running = engine.spawn(&Request::new(command.as_bytes())).unwrap();
        let group = running.group();
        let outcome = within(move || running.pump(&Arc::new(Null)).unwrap());
        assert_eq!(outcome.status, Status::Code(3));
        assert!(outcome.background && outcome.stopped.is_none());
        until("the group is gone", || members(group).is_empty());
    }
}

struct Null;

impl Sink for Null {
    fn chunk(&self, _: Stream, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Is in the middle of a chunk whenever somebody looks.
struct Slow;

impl Sink for Slow {
    fn chunk(&self, _: Stream, _: &[u8]) -> io::Result<()> {
        let end = Instant::now() + Duration::from_millis(5);
        while Instant::now() < end {
            thread::yield_now();
        }
        Ok(())
    }
}

#[test]
fn a_slow_client_does_not_keep_a_chatty_process_alive() {
    let engine = engine_with(quick());
    let running = engine.spawn(&Request::new(b"yes & exit 3")).unwrap();
    let outcome = within(move || running.pump(&Arc::new(Slow)).unwrap());
    assert_eq!(outcome.status, Status::Code(3));
    assert!(outcome.background);
}

#[test]
fn a_process_in_the_background_can_be_kept() {
    let engine = engine_with(Settings {
        keep_background: true,
        ..quick()
    });
    let (outcome, collected) = run(&engine, "sleep 1000 & echo $!");
    assert!(outcome.background && outcome.stopped.is_none());
    assert_eq!(outcome.status, Status::Code(0));
    let kept: u32 = String::from_utf8(collected.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    // Neither the command's end nor the engine's has touched it.
    drop(engine);
    assert_eq!(
        super::processes(|pid, fields| pid == kept && fields[0] != "Z"),
        [kept]
    );
    end(kept);
}

/// As with ssh, who lets go of the command's pipes may stay.
#[test]
fn a_process_that_holds_no_pipe_stays() {
    let (outcome, collected) = run(&engine(), "sleep 1000 >/dev/null 2>&1 & echo $!");
    assert!(!outcome.background);
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

/// A process that has left the group holds both pipes, and no signal of ours reaches it.
#[test]
fn a_process_out_of_reach_does_not_keep_anybody_waiting() {
    let engine = engine_with(quick());
    let command = format!("setsid sleep 1000 & {OUT_OF_REACH}; echo $!; exit 5");
    let (outcome, collected) = run(&engine, &command);
    assert_eq!(outcome.status, Status::Code(5));
    assert!(outcome.background);
    let stays: u32 = String::from_utf8(collected.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert_eq!(super::processes(|pid, _| pid == stays), [stays]);
    end(stays);
}

/// Takes nothing until it is told to, and then perhaps fails.
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

impl Sink for Stuck {
    fn chunk(&self, _: Stream, buffer: &[u8]) -> io::Result<()> {
        let _ = self.entered.lock().unwrap().send(());
        // Without a sender the gate stands open.
        let result = self.gate.lock().unwrap().recv().unwrap_or(Ok(()));
        self.taken.lock().unwrap().extend_from_slice(buffer);
        result
    }
}

#[test]
fn the_group_dies_while_the_sink_is_stuck() {
    let (sink, in_sink, open) = Stuck::new();
    let running = engine().spawn(&Request::new(b"yes")).unwrap();
    let (group, canceller) = (running.group(), running.canceller());
    let pump = thread::spawn(move || running.pump(&sink).unwrap());
    in_sink.recv_timeout(DEADLINE).unwrap();
    assert!(!members(group).is_empty());
    canceller.cancel();
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
    let running = engine().spawn(&Request::new(b"yes; echo never")).unwrap();
    let group = running.group();
    let outcome = within(move || running.pump(&sink).unwrap());
    assert!(
        matches!(&outcome.stopped, Some(Stopped::Sink(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    );
    assert_eq!(in_sink.try_iter().count(), 1);
    assert_eq!(outcome.stdout, 0);
    until("the group is gone", || members(group).is_empty());
}

/// The command is over, and a client that reads slowly still gets the last byte of it: that the
/// pipe has not ended is not taken for a process in the background.
#[test]
fn a_slow_client_loses_nothing() {
    let (sink, in_sink, open) = Stuck::new();
    let running = engine_with(quick())
        .spawn(&Request::new(b"yes | head -c 60000"))
        .unwrap();
    let theirs = Arc::clone(&sink);
    let group = running.group();
    let pump = thread::spawn(move || running.pump(&theirs).unwrap());
    in_sink.recv_timeout(DEADLINE).unwrap();
    until("the command has ended", || members(group).is_empty());
    // Several times the drain time.
    let end = Instant::now() + Duration::from_secs(1);
    until("time goes by", || Instant::now() > end);
    drop(open);
    let outcome = within(|| pump.join().unwrap());
    assert!(!outcome.background && outcome.stopped.is_none());
    assert_eq!(sink.taken.lock().unwrap().len(), 60_000);
}

struct Panics;

impl Sink for Panics {
    fn chunk(&self, _: Stream, _: &[u8]) -> io::Result<()> {
        panic!("on purpose")
    }
}

#[test]
fn a_sink_that_panics_ends_the_command() {
    let engine = engine();
    for command in ["yes", "yes >&2"] {
        let running = engine.spawn(&Request::new(command.as_bytes())).unwrap();
        let group = running.group();
        let pump = thread::spawn(move || running.pump(&Arc::new(Panics)).map(drop));
        until("it panics", || pump.is_finished());
        assert!(pump.join().is_err());
        until("the group is gone", || members(group).is_empty());
    }
    assert_eq!(run(&engine, "echo on").1.stdout, b"on\n");
}

#[test]
fn a_command_that_nobody_pumps_is_ended() {
    let running: Running = engine().spawn(&Request::new(b"sleep 1000")).unwrap();
    let group = running.group();
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
    under.canceller.cancel();
    assert!(matches!(under.outcome().status, Status::Signal(9 | 15)));
}
