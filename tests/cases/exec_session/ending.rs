//! Tests commands that do not end on their own, and the processes that they leave behind.

use std::io::pipe;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{SOON, poll};
use cross_process::net::{self, ANY_PORT};
use cross_process::process::{Process, assert_ends, lower_open_files};
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::{Session, client, complaint, server};

/// A command that ignores TERM, as its children do, so killing only the shell would not be enough.
const STUBBORN: &str = "trap '' TERM; sleep 1000 & echo $!; \
    (sh -c 'echo $$; sleep 1000; sleep 1000'; sleep 1000) & echo $!; echo $$; wait; sleep 1000";

#[test]
fn a_command_that_ignores_term_is_killed_with_its_children() {
    let mut session = Session::start(&["--kill-after", "300ms"]);
    let mut client = session.client(&[], STUBBORN);
    let pids: [u32; 4] = std::array::from_fn(|_| client.wait_line(SOON).parse().unwrap());
    client.signal(Signal::Terminate);
    pids.into_iter().for_each(assert_ends);
    session.assert_alive();
}

/// When the command times out, the client has received both outputs up to then.
#[test]
fn a_command_that_times_out_is_killed_and_its_output_is_not_lost() {
    let mut session = Session::start(&["--timeout", "2s", "--kill-after", "300ms"]);
    let mut client = session.client(&[], &format!("echo err >&2; echo $$; {STUBBORN}"));
    let done = client.finish(SOON * 2);
    let said = String::from_utf8(done.stdout).unwrap();
    let pids: Vec<u32> = said.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(pids.len(), 5, "{said}");
    pids.into_iter().for_each(assert_ends);
    assert_eq!(done.status.code(), Some(255));
    assert_eq!(
        String::from_utf8(done.stderr).unwrap(),
        "err\nerror: timed out after 2s\n"
    );
    session.assert_alive();
}

/// As with ssh, the command is over when its outputs have ended. The client shows once, on stderr,
/// what it waits for.
#[test]
fn late_output_still_arrives() {
    let mut session = Session::start(&[]);
    for command in [
        "(sleep 2; echo late) & exit 3",
        "bash -c 'echo late > >(sleep 2; cat)'; exit 3",
    ] {
        let done = session.run(command);
        assert_eq!(done.status.code(), Some(3), "{command}");
        assert_eq!(done.stdout, b"late\n", "{command}");
        let told = String::from_utf8(done.stderr).unwrap();
        let note = "a background process keeps its output open";
        assert_eq!(told.matches(note).count(), 1, "{command}: {told}");
    }
    session.assert_alive();
}

#[test]
fn the_drain_time_limits_the_wait_and_ends_no_process() {
    let mut session = Session::start(&["--drain", "200ms"]);
    let done = session.run("sleep 1000 & echo $!; exit 3");
    assert_eq!(done.status.code(), Some(3));
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(told.contains("the process was not ended"), "{told}");
    session.assert_alive();
    // The process also outlives the server.
    session.server.process.signal(Signal::Kill);
    session.server.process.wait_exit(SOON);
    let pid = String::from_utf8(done.stdout).unwrap();
    assert!(Signal::Kill.to_process(pid.trim().parse().unwrap()));
}

/// The pipe is closed when the client is told so, and not only with the session.
#[test]
fn a_process_that_writes_after_the_drain_time_ends_while_the_session_stays() {
    let mut session = Session::start(&["--drain", "200ms"]);
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.arg("--token-file").arg(&session.token);
    client.arg(session.server.addr().to_string());
    let mut client = Process::spawn(client);
    client.send_line("(while echo still; do sleep 0.1; done) & echo $! >&2");
    let pid = client.stderr.next_line(SOON).unwrap().parse().unwrap();
    client.wait_stderr("the process was not ended", SOON);
    assert_ends(pid);
    client.send_line("echo open");
    client.wait_stdout("open\n", SOON);
    client.finish(SOON);
    session.assert_alive();
}

/// What comes before the cut has no holes and nothing that the command has not written.
#[test]
fn the_drain_time_cuts_output_in_one_place() {
    let mut session = Session::start(&["--drain", "100ms"]);
    let count = "setsid seq -f %0999.0f 1 1000000000 & echo $! >&2";
    let lines = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (session, lines) = (&session, &lines);
        for _ in 0..2 {
            scope.spawn(move || {
                for _ in 0..8 {
                    let done = session.client(&["-n"], count).finish(SOON);
                    let told = String::from_utf8(done.stderr).unwrap();
                    let pid = told.lines().next().unwrap().parse().unwrap();
                    Signal::Kill.to_process(pid);
                    let said = String::from_utf8(done.stdout).unwrap();
                    // On a busy machine the drain time may end before the first line.
                    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
                    for (line, number) in whole.lines().zip(1_u32..) {
                        assert_eq!(line.trim_start_matches('0'), number.to_string());
                        lines.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    assert_ne!(lines.into_inner(), 0);
    session.assert_alive();
}

/// A command that has closed its outputs still ends with its client.
#[test]
fn a_command_without_outputs_ends_with_its_client() {
    let mut session = Session::start(&[]);
    let mut client = session.client(&[], "echo $$; exec >&- 2>&- sleep 1000");
    let pid = client.wait_line(SOON).parse().unwrap();
    client.signal(Signal::Interrupt);
    assert_ends(pid);
    session.assert_alive();
}

/// `exec-client ... | head -1` is quiet but not a success, because the command's status is unknown.
#[test]
fn a_closed_stdout_ends_the_command_and_is_not_a_success() {
    let mut session = Session::start(&[]);
    for command in ["exec yes", "exec yes >&2; exit 0"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let words = client(&session.token, session.server.addr(), &[], command);
        let mut both = std::process::Command::new("/bin/sh");
        both.args(["-c", "exec \"$0\" \"$@\" 2>&1"]);
        both.arg(words.get_program()).args(words.get_args());
        let done = Process::spawn_to(both, Stdio::from(writer)).finish(SOON);
        assert_eq!(done.status.code(), Some(128 + 13), "{command}");
        assert!(poll(SOON, || (!session.runs("yes")).then_some(())).is_some());
    }
    session.assert_alive();
}

/// Without free descriptors, the server cannot see whether a command has ended. It must not assume
/// so and end the command, or any client could end the commands of others.
#[test]
fn a_server_without_descriptors_ends_no_command() {
    let dir = TempDir::new();
    let token = dir.join("token");
    let options = ["--drain", "100ms", "--kill-after", "100ms"];
    let command = server(&token, &options, &ANY_PORT.to_string());
    let mut server = Server::start(command);
    let fifo = dir.join("fifo");
    let command = format!(
        "mkfifo {0}; echo ready; read x <{0}; echo went on",
        fifo.display()
    );
    let mut running = Process::spawn(client(&token, server.addr(), &[], &command));
    assert_eq!(running.wait_line(SOON), "ready");
    if !lower_open_files(&server.process, 5) {
        return;
    }
    let crowd: Vec<_> = (0..30).map(|_| net::connect(server.addr())).collect();
    server
        .process
        .wait_stderr("cannot accept a connection", SOON);
    // The engine checks ten times a second.
    let ended = poll(Duration::from_secs(1), || {
        (!running.is_running()).then_some(())
    });
    assert!(ended.is_none(), "{}", running.stderr.text());
    drop(crowd);
    std::fs::write(&fifo, "\n").unwrap();
    let done = running.finish(SOON);
    assert_eq!(done.stdout, b"ready\nwent on\n");
    assert_eq!((done.status.code(), &done.stderr[..]), (Some(0), &b""[..]));
    // The idle session and the other clients end one after the other.
    server.lets_go_within = SOON;
    server.assert_nothing_left();
}

#[test]
fn the_end_of_stdin_lets_a_server_finish_its_commands() {
    let mut session = Session::start(&["--stop-on-eof", "--grace", "3s"]);
    let fifo = session.path("fifo");
    let command = format!("mkfifo {fifo}; echo ready; read x <{fifo}; echo done; exit 3");
    let mut in_time = session.client(&[], &command);
    let mut too_long = session.client(&[], "echo $$; exec sleep 1000");
    assert_eq!(in_time.wait_line(SOON), "ready");
    let pid = too_long.wait_line(SOON).parse().unwrap();
    session.server.process.close_stdin();
    session
        .server
        .process
        .wait_stderr("standard input ended, stopping", SOON);
    std::fs::write(&fifo, "\n").unwrap();
    let done = in_time.finish(SOON);
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(3), &b"ready\ndone\n"[..])
    );
    assert_eq!(session.server.process.wait_exit(SOON).code(), Some(0));
    assert_ends(pid);
    let text = complaint(&too_long.finish(SOON), 255);
    assert!(text.contains("output may be incomplete"), "{text}");
}

/// Many clients leave at various times before and after the end of a short command.
#[test]
fn clients_that_leave_as_their_command_ends_leave_nothing_behind() {
    let mut session = Session::start(&[]);
    let (token, addr) = (&session.token, session.server.addr());
    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                for turn in 0..15 {
                    let mut client = Process::spawn(client(token, addr, &[], "sleep 0.01; echo"));
                    // The kill comes at a time between before the connection and after the end.
                    thread::sleep(Duration::from_millis(2 * turn + number % 2));
                    client.signal(Signal::Kill);
                }
            });
        }
    });
    session.assert_alive();
}
