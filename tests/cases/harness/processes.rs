//! Tests of processes, their output and `procfs`.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use cross_process::deadline::{A_MOMENT, SOON, poll};
use cross_process::process::{Process, with_open_files};
use cross_process::procfs;
use cross_process::python;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::message_of;

/// Long enough to outlive any test.
const FOR_EVER: &str = "600";

fn sh(script: &str) -> Process {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Process::spawn(command)
}

#[test]
fn a_wait_that_fails_shows_the_output() {
    let mut process = sh(&format!("echo out; echo err >&2; sleep {FOR_EVER}"));
    process.wait_stderr("err", SOON);
    assert_eq!(process.wait_line(SOON), "out");

    let started = Instant::now();
    let message = message_of(|| {
        process.wait_line(A_MOMENT);
    });
    assert!(started.elapsed() < SOON);
    assert!(message.contains("no further line"), "{message}");
    assert!(
        message.contains("out\\n") && message.contains("err\\n"),
        "{message}"
    );

    let message = message_of(|| {
        process.wait_exit(A_MOMENT);
    });
    assert!(message.contains("still running"), "{message}");
    let message = message_of(|| process.wait_stderr("never", A_MOMENT));
    assert!(
        message.contains("no \"never\" on standard error"),
        "{message}"
    );
}

#[test]
fn a_wait_for_text_ends_with_the_process() {
    let process = sh("echo something else");
    let started = Instant::now();
    message_of(|| process.wait_stdout("never", SOON));
    assert!(
        started.elapsed() < SOON,
        "it waited for a process that had ended"
    );
}

#[test]
fn finish_returns_the_status_and_all_output() {
    let mut process = sh("read line; printf %s \"$line\"; head -c 300000 /dev/zero >&2; exit 7");
    process.send_line("a line");
    let finished = process.finish(SOON);
    assert_eq!(finished.status.code(), Some(7));
    assert_eq!(finished.stdout, b"a line");
    assert_eq!(finished.stderr.len(), 300_000);
}

#[test]
fn lines_are_returned_one_by_one_even_without_a_last_line_end() {
    let mut process = sh("printf 'one\\n\\nthree'");
    assert_eq!(process.wait_line(SOON), "one");
    assert_eq!(process.wait_line(SOON), "");
    assert_eq!(process.wait_line(SOON), "three");
    assert_eq!(process.stdout.next_line(SOON), None);
}

#[test]
fn dropping_a_process_kills_its_group() {
    let mut process = sh(&format!("sleep {FOR_EVER} & echo ready; wait"));
    process.wait_line(SOON);
    let pid = process.pid();
    assert_eq!(procfs::group(pid).unwrap().len(), 2);
    drop(process);
    assert!(procfs::stat(pid).is_err(), "not waited for");
    // init reaps the grandchild, so this test can only wait for its end.
    let all_dead = || procfs::group(pid).ok()?.is_empty().then_some(());
    assert!(
        poll(SOON, all_dead).is_some(),
        "left: {:?}",
        procfs::group(pid)
    );
}

#[test]
fn dropping_a_reaped_process_kills_its_children() {
    let mut process = sh(&format!("sleep {FOR_EVER} >/dev/null 2>&1 &"));
    process.finish(SOON);
    let pid = process.pid();
    assert_eq!(procfs::group(pid).unwrap().len(), 1);
    drop(process);
    let all_dead = || procfs::group(pid).ok()?.is_empty().then_some(());
    assert!(
        poll(SOON, all_dead).is_some(),
        "left: {:?}",
        procfs::group(pid)
    );
}

/// Uses `SIGKILL`, which no process can catch. Ctrl-C ends a test run in the same way.
#[test]
fn processes_die_when_the_tests_are_killed() {
    const CHILD: &str = "DIALTONE_TO_BE_KILLED";
    if std::env::var_os(CHILD).is_some() {
        let started = sh(&format!("sleep {FOR_EVER} & wait"));
        println!("started {}", started.pid());
        thread::sleep(SOON * 2);
        panic!("not killed");
    }
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests
        .args(["--nocapture", "--exact"])
        .arg("harness::processes::processes_die_when_the_tests_are_killed")
        .env(CHILD, "yes");
    let mut tests = Process::spawn(tests);
    let started = tests.stdout.wait(SOON, |bytes, _| {
        let said = String::from_utf8_lossy(bytes).into_owned();
        let (_, number) = said.split_once("started ")?;
        number.split_once('\n')?.0.parse::<u32>().ok()
    });
    let started = started.unwrap_or_else(|| tests.fail("it starts nothing"));
    let both = || (procfs::group(started).ok()?.len() == 2).then_some(());
    assert!(poll(SOON, both).is_some());

    tests.signal(Signal::Kill);
    tests.wait_exit(SOON);
    let all_dead = || procfs::group(started).ok()?.is_empty().then_some(());
    let ended = poll(SOON, all_dead).is_some();
    Signal::Kill.to_group(started);
    assert!(ended, "process {started} is still alive");
}

#[test]
fn a_stopped_process_does_nothing_until_it_continues() {
    let mut process = sh("read line; echo done");
    process.halt();
    process.send_line("go");
    assert_eq!(process.stdout.next_line(A_MOMENT), None);
    process.signal(Signal::Continue);
    assert_eq!(process.wait_line(SOON), "done");
}

#[test]
fn signals_arrive() {
    use std::os::unix::process::ExitStatusExt;
    for (signal, number) in [
        (Signal::Terminate, 15),
        (Signal::Interrupt, 2),
        (Signal::Kill, 9),
    ] {
        let mut process = sh(&format!("echo ready; exec sleep {FOR_EVER}"));
        process.wait_line(SOON);
        process.signal(signal);
        assert_eq!(process.wait_exit(SOON).signal(), Some(number));
        // A second signal, to a process ID that no process has, does nothing.
        process.signal(signal);
    }
}

/// As if a script had started the tests in the background: their children would then ignore
/// `SIGINT`.
#[test]
fn interrupts_arrive_although_the_tests_ignore_them() {
    let mut tests = Command::new("/bin/sh");
    tests
        .args(["-c", "trap '' INT; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "harness::processes::signals_arrive"]);
    let done = Process::spawn(tests).finish(SOON);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn with_open_files_sets_the_limit_and_keeps_the_rest_of_the_command() {
    let folder = TempDir::new();
    let mut command = Command::new("/bin/sh");
    command
        .args([
            "-c",
            "ulimit -n; pwd; echo \"$A_NAME\" \"$1\"",
            "sh",
            "two words",
        ])
        .current_dir(folder.path())
        .env("A_NAME", "a value");
    let mut process = Process::spawn(with_open_files(&command, 64));
    assert_eq!(process.wait_line(SOON), "64");
    assert_eq!(process.wait_line(SOON), folder.path().to_str().unwrap());
    assert_eq!(process.wait_line(SOON), "a value two words");
}

#[test]
fn counts_follow_changes() {
    let mut process = sh(&format!(
        "echo 1; read x; exec 7</dev/null; sleep {FOR_EVER}"
    ));
    process.wait_line(SOON);
    let pid = process.pid();
    let (files, threads) = (
        procfs::open_files(pid).unwrap(),
        procfs::threads(pid).unwrap(),
    );
    assert_eq!(threads, 1);
    assert!(procfs::children(pid).unwrap().is_empty());
    assert!(procfs::resident_bytes(pid).unwrap() <= procfs::peak_resident_bytes(pid).unwrap());

    process.send_line("");
    let opened = || (procfs::open_files(pid).ok()? == files + 1).then_some(());
    assert!(poll(SOON, opened).is_some());
    let child = poll(SOON, || procfs::children(pid).ok()?.pop());
    assert_eq!(child.unwrap().parent, pid);
}

#[test]
fn cpu_time_grows_for_a_busy_process_only() {
    let busy = sh("while :; do :; done");
    let idle = sh(&format!("exec sleep {FOR_EVER}"));
    let spent = || {
        procfs::cpu_time(busy.pid())
            .ok()
            .filter(|&spent| spent >= Duration::from_millis(50))
    };
    assert!(poll(SOON, spent).is_some());
    assert!(procfs::cpu_time(idle.pid()).unwrap() < Duration::from_millis(50));
}

/// A change just before the deadline is seen, even if a busy machine delays the last look.
#[test]
fn poll_looks_once_more_after_the_deadline() {
    let mut looks = 0;
    let seen = poll(Duration::from_millis(1), || {
        looks += 1;
        thread::sleep(Duration::from_millis(5));
        (looks == 2).then_some(looks)
    });
    assert_eq!(seen, Some(2));
    assert_eq!(poll(Duration::from_millis(1), || None::<()>), None);
}

/// The environment does not matter.
#[test]
fn python_writes_no_cache_files() {
    let folder = TempDir::new();
    std::fs::write(folder.join("part.py"), "").unwrap();
    let Some(mut command) = python::command("whether it leaves compiled files") else {
        return;
    };
    let script = format!(
        "import sys; sys.path.insert(0, {:?}); import part",
        folder.path()
    );
    command.args(["-c", &script]);
    assert!(Process::spawn(command).finish(SOON).status.success());
    assert!(!folder.join("__pycache__").exists());
}
