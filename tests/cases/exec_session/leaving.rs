//! Tests clients and servers that leave: their commands end, and the client does not report
//! success.

use std::fs;

use cross_process::deadline::{SOON, poll};
use cross_process::process::{Process, assert_ends};
use cross_process::signal::Signal;

use super::peers::play;
use super::{Session, complaint};

#[test]
fn a_command_whose_client_leaves_is_ended() {
    let mut session = Session::start(&[]);
    for signal in [Signal::Interrupt, Signal::Terminate, Signal::Kill] {
        let mut client = session.client(&[], "exec sleep 1000");
        assert!(poll(SOON, || session.runs("sleep").then_some(())).is_some());
        client.signal(signal);
        assert!(!client.wait_exit(SOON).success());
        assert!(poll(SOON, || (!session.runs("sleep")).then_some(())).is_some());
    }
    session.assert_alive();
}

/// Ctrl-C at the client ends the command and its children, and is not a success.
#[test]
fn an_interrupt_at_the_client_ends_the_whole_group() {
    let mut session = Session::start(&[]);
    let pids = session.dir.join("pids");
    let command = format!(
        "sleep 1000 & sh -c 'sleep 1000 & echo $! >> {0}; wait' & echo $! $$ >> {0}; echo ready; \
         wait",
        pids.display()
    );
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let _ = fs::remove_file(&pids);
        let mut client = session.client(&[], &command);
        assert_eq!(client.wait_line(SOON), "ready");
        let started = poll(SOON, || {
            let text = fs::read_to_string(&pids).ok()?;
            let numbers: Vec<u32> = text.split_whitespace().flat_map(str::parse).collect();
            (numbers.len() == 3).then_some(numbers)
        })
        .unwrap();
        client.signal(signal);
        assert!(!client.wait_exit(SOON).success());
        for pid in started {
            assert_ends(pid);
        }
    }
    session.assert_alive();
}

/// Another implementation of the client half-closes, closes or resets: each ends its command.
#[test]
fn a_command_is_ended_however_its_client_leaves() {
    let mut session = Session::start(&[]);
    for leave in ["half-close\nend", "reset", ""] {
        for input in ["", "stdin some\n", "stdin-eof\n"] {
            let steps =
                format!("login\ncommand echo in; exec sleep 1000\n{input}until stdout\n{leave}");
            let Some(_) = play(session.server.endpoint(), &session.token, &[], &steps) else {
                return;
            };
            let gone = poll(SOON, || (!session.runs("sleep")).then_some(()));
            assert!(
                gone.is_some(),
                "{leave:?} {input:?}: the command is still alive"
            );
        }
    }
    session.assert_alive();
}

#[test]
fn no_command_outlives_a_server_that_is_stopped() {
    for signal in [Signal::Kill, Signal::Terminate, Signal::Interrupt] {
        let mut session = Session::start(&[]);
        // Its output comes only once the guardian knows the command.
        let mut client = session.client(&[], "echo $$; exec sleep 1000");
        let pid = client.wait_line(SOON).trim().parse().unwrap();
        session.server.process.signal(signal);
        assert_ends(pid);
        let text = complaint(&client.finish(SOON), 255);
        assert!(text.contains("output may be incomplete"), "{text}");
    }
}

/// An idle session is closed with a reason, and the user of our client sees a new one.
#[test]
fn an_idle_session_is_closed_with_a_reason_and_our_client_opens_another() {
    let mut session = Session::start(&["--idle-timeout", "300ms"]);
    let Some(seen) = play(session.server.endpoint(), &session.token, &[], "login\nend") else {
        return;
    };
    assert_eq!(seen, "error b'no command for 300ms'\nclosed\n");
    let mut client =
        std::process::Command::new(cross_process::artifacts::artifacts().tool("exec-client"));
    client.arg("--token-file").arg(&session.token);
    client.arg(session.server.addr().to_string());
    let mut client = Process::spawn(client);
    client.send(b"echo one\n");
    assert_eq!(client.wait_line(SOON), "one");
    // The second such line in the log is about this client.
    let closed = |bytes: &[u8], _| {
        let text = String::from_utf8_lossy(bytes);
        (text.matches("closed, no command for 300ms").count() == 2).then_some(())
    };
    assert!(session.server.process.stderr.wait(SOON, closed).is_some());
    client.send(b"echo two\n");
    assert_eq!(client.wait_line(SOON), "two");
    let done = client.finish(SOON);
    assert_eq!((done.status.code(), &done.stderr[..]), (Some(0), &b""[..]));
    session.assert_alive();
}
