//! Tests the guardian when the server dies, and when the guardian itself dies.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::Stdio;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use super::super::guardian::{Guardian, Signal};
use super::super::{Request, Stopped};
use super::owner::{self, Owner};
use super::temp::TempDir;
use super::{end, engine, members, processes, run, until, within};

/// A process in a group of its own, instead of a command; killed on drop.
struct Sleeper(Child);

impl Sleeper {
    /// Sleeps until it gets a signal.
    fn start() -> Self {
        Self::run("echo; exec sleep 1000")
    }

    /// Ignores TERM.
    fn stubborn() -> Self {
        Self::run("trap '' TERM; echo; while :; do sleep 1000; done")
    }

    fn run(script: &str) -> Self {
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let stdout = child.stdout.as_mut().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        Self(child)
    }

    fn group(&self) -> u32 {
        self.0.id()
    }

    fn ended_by(&mut self) -> Option<i32> {
        let mut ended = None;
        until("it ends", || {
            ended = self.0.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap().signal()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `/bin/sh` and other shells that may have that name on some systems.
fn shells() -> Vec<PathBuf> {
    ["/bin/sh", "/bin/dash", "/bin/bash", "/bin/ksh"]
        .map(PathBuf::from)
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

#[test]
fn any_shell_can_signal_a_group() {
    for shell in shells() {
        let guardian = Guardian::start(shell, Duration::from_secs(1)).unwrap();
        for (signal, status) in [(Signal::Term, 15), (Signal::Kill, 9)] {
            let mut sleeper = Sleeper::start();
            guardian.register(sleeper.group()).unwrap();
            guardian.signal(sleeper.group(), signal).unwrap();
            assert_eq!(sleeper.ended_by(), Some(status));
        }
    }
}

#[test]
fn in_any_shell_the_end_of_the_socket_ends_the_registered_groups() {
    for shell in shells() {
        let guardian = Guardian::start(shell, Duration::from_millis(300)).unwrap();
        let mut sleepers: Vec<_> = (0..5).map(|_| Sleeper::start()).collect();
        let mut stubborn = Sleeper::stubborn();
        for sleeper in sleepers.iter().chain([&stubborn]) {
            guardian.register(sleeper.group()).unwrap();
        }
        // A group that it does not know, as after it has replaced another guardian.
        guardian.dismiss(u32::MAX);
        // Removed from the front, the middle and the end of its list.
        let mut dismissed = [4, 2, 0].map(|n| sleepers.remove(n));
        for sleeper in &dismissed {
            guardian.dismiss(sleeper.group());
        }
        within(move || drop(guardian));
        for sleeper in &mut sleepers {
            assert_eq!(sleeper.ended_by(), Some(15));
        }
        assert_eq!(stubborn.ended_by(), Some(9));
        for sleeper in &mut dismissed {
            assert!(sleeper.0.try_wait().unwrap().is_none());
        }
    }
}

#[test]
fn a_server_that_is_killed_leaves_no_command_behind() {
    let mut owner = Owner::start("holder");
    let groups = [(); 3].map(|()| owner.said("group ").parse().unwrap());
    assert!(groups.iter().all(|&group| !members(group).is_empty()));
    owner.kill();
    // The guardian still waits for the last command, but does not hold the output that a supervisor
    // would wait for.
    let rest = within(|| owner.into_rest());
    assert_eq!(rest.trim(), "");
    assert!(!members(groups[2]).is_empty());
    until("all groups are gone", || {
        groups.iter().all(|&group| members(group).is_empty())
    });
}

#[test]
fn a_guardian_that_dies_is_replaced_and_gets_all_groups() {
    let engine = engine();
    let first = engine.guardian.pid();
    let running = engine.spawn(Request::new(b"sleep 1000")).unwrap();
    let (group, job) = (running.job().group, running.job());
    let pump = std::thread::spawn(move || running.collect(100).unwrap());
    end(first);
    until("there is a new one", || engine.guardian.pid() != first);
    assert!(!members(group).is_empty());
    job.cancel();
    let (outcome, _) = within(|| pump.join().unwrap());
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));

    // While no command runs, the next command notices that the guardian has ended.
    let second = engine.guardian.pid();
    end(second);
    until("the next command notices", || {
        assert_eq!(run(&engine, "echo on").1.stdout, b"on\n");
        engine.guardian.pid() != second
    });
}

/// A command that runs as the same user can stop the guardian. The server replaces it after the
/// timeout, and the new one does its work.
#[test]
fn a_stopped_guardian_is_replaced() {
    let engine = engine();
    let first = engine.guardian.pid();
    let running = engine.spawn(Request::new(b"sleep 1000")).unwrap();
    let job = running.job();
    let pump = std::thread::spawn(move || running.collect(100).unwrap());
    let halted = Command::new("/bin/sh")
        .args(["-c", "kill -s STOP $0", &first.to_string()])
        .status();
    assert!(halted.unwrap().success());
    job.cancel();
    let (outcome, _) = within(|| pump.join().unwrap());
    assert!(matches!(outcome.stopped, Some(Stopped::Cancelled)));
    assert_ne!(engine.guardian.pid(), first);
    assert_eq!(run(&engine, "echo on").1.stdout, b"on\n");
}

/// The new guardian knows the commands that the old one knew.
#[test]
fn a_new_guardian_guards_the_old_commands() {
    let guardian = Guardian::start("/bin/sh".into(), Duration::from_secs(1)).unwrap();
    let mut sleeper = Sleeper::start();
    guardian.register(sleeper.group()).unwrap();
    let first = guardian.pid();
    end(first);
    until("there is a new one", || {
        guardian.look_after();
        guardian.pid() != first
    });
    within(move || drop(guardian));
    assert_eq!(sleeper.ended_by(), Some(15));
}

/// Otherwise a server that is killed meanwhile would leave it behind.
#[test]
fn a_command_is_registered_while_a_signal_waits_for_its_answer() {
    // It answers a signal once it knows the next command. Another process writes it, because a file
    // that this one has open cannot be run.
    let dir = TempDir::new();
    let (shell, asked) = (dir.join("shell"), dir.join("asked"));
    let text = format!(
        "#!/bin/sh\nwhile read -r verb a; do case $verb in P|+) echo ;; T) : >'{}' ;; esac; done",
        asked.display()
    );
    let written = Command::new("/bin/sh")
        .args(["-c", "printf %s \"$1\" >\"$0\" && chmod 700 \"$0\""])
        .args([shell.as_os_str(), text.as_ref()])
        .status();
    assert!(written.unwrap().success());

    let guardian = Arc::new(Guardian::start(shell, Duration::from_secs(1)).unwrap());
    let theirs = Arc::clone(&guardian);
    let signalling = std::thread::spawn(move || theirs.signal(u32::MAX, Signal::Term));
    until("it is asked", || asked.exists());
    guardian.register(u32::MAX).unwrap();
    within(|| signalling.join().unwrap()).unwrap();
}

/// Ctrl-C, a hang-up and `killall sh` must not end the guardian.
#[test]
fn a_guardian_ignores_what_a_terminal_sends() {
    let guardian = Guardian::start("/bin/sh".into(), Duration::from_secs(1)).unwrap();
    let pid = guardian.pid();
    for signal in ["HUP", "INT", "QUIT", "TERM", "PIPE", "TSTP"] {
        let status = Command::new("/bin/sh")
            .args(["-c", "kill -s $1 $2", "sh", signal, &pid.to_string()])
            .status();
        assert!(status.unwrap().success());
    }
    let mut sleeper = Sleeper::start();
    guardian.signal(sleeper.group(), Signal::Kill).unwrap();
    assert_eq!(sleeper.ended_by(), Some(9));
    assert_eq!(guardian.pid(), pid);
    let group = processes(|it, fields| it == pid && fields[2] == pid.to_string());
    assert_eq!(group, [pid], "a group of its own");
}

#[test]
fn dropping_an_engine_ends_its_guardian() {
    let engine = engine();
    let pid = engine.guardian.pid();
    within(move || drop(engine));
    until("it is gone", || {
        processes(|other, _| other == pid).is_empty()
    });
}

#[test]
fn a_server_with_sigchld_ignored_does_not_start() {
    let mut command = Command::new("env");
    command.arg("--ignore-signal=CHLD");
    let inner = owner::command("starter");
    command.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    let output = within(move || command.output().unwrap());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("refused cannot start /bin/sh (No child process"),
        "{text}"
    );
}
