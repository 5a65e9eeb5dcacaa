//! Tests commands from standard input: typed by a user, and from a script.

use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;

use super::Session;
use crate::exec_lesson::terminal::on_a_terminal;

fn lines(session: &Session, options: &[&str]) -> Command {
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.arg("--token-file").arg(&session.token).args(options);
    client.arg(session.server.endpoint());
    client
}

#[test]
fn at_a_prompt_a_failing_line_shows_its_status_and_does_not_end_the_client() {
    let mut session = Session::start(&["--timeout", "1s"]);
    let Some(mut client) = on_a_terminal(&lines(&session, &[])) else {
        return;
    };
    client.wait_stdout("each line runs in a shell of its own", SOON);
    // The terminal would echo text that is typed before the prompt.
    client.wait_stdout(">>: ", SOON);
    for (typed, shown) in [
        ("exit 3;", ">>: exit 3;\r\nstatus 3\r\n>>: "),
        ("printf x", ">>: printf x\r\nx\r\n>>: "),
        ("printf y >&2", ">>: printf y >&2\r\ny\r\n>>: "),
        (
            "printf z; kill $$",
            ">>: printf z; kill $$\r\nz\r\nkilled by signal 15 (TERM)\r\nstatus 143\r\n>>: ",
        ),
        ("echo hi", ">>: echo hi\r\nhi\r\n>>: "),
        // No input is forwarded, so `cat` ends at once.
        ("cat", ">>: cat\r\n>>: "),
        (
            "exec sleep 1000",
            ">>: exec sleep 1000\r\nerror: timed out after 1s\r\n>>: ",
        ),
        ("echo there", ">>: echo there\r\nthere\r\n>>: "),
    ] {
        client.send_line(typed);
        client.wait_stdout(shown, SOON);
    }
    client.send_line("exit");
    assert_eq!(client.wait_exit(SOON).code(), Some(0));
    session.assert_alive();
}

#[test]
fn a_script_stops_at_the_first_line_that_fails() {
    let mut session = Session::start(&[]);
    let script = "echo one\n\n  \ncd /nonexistent\necho rm\n";
    let keep = ["--keep-going"];
    for (options, stdout, status) in [(&[][..], "one\n", 2), (&keep, "one\nrm\n", 0)] {
        let mut client = Process::spawn(lines(&session, options));
        client.send(script.as_bytes());
        let done = client.finish(SOON);
        assert_eq!(String::from_utf8_lossy(&done.stdout), stdout);
        assert_eq!(done.status.code(), Some(status));
        let text = String::from_utf8_lossy(&done.stderr);
        let stopped = "stopped at line 4, which ended with status 2; --keep-going goes on\n";
        assert_eq!(text.ends_with(stopped), options.is_empty(), "{text}");
    }
    session.assert_alive();
}

/// As in a script that one shell runs.
#[test]
fn a_line_exit_ends_a_script() {
    let mut session = Session::start(&[]);
    let mut client = Process::spawn(lines(&session, &[]));
    client.send(b"echo one\n exit\necho two\n");
    let done = client.finish(SOON);
    assert_eq!(done.stdout, b"one\n");
    assert_eq!(done.status.code(), Some(0));
    session.assert_alive();
}

/// With --keep-going, a line that the server refuses does not stop the others. The last line
/// decides the status.
#[test]
fn keep_going_continues_after_an_invalid_command() {
    let mut session = Session::start(&[]);
    let script = [&b"echo a\0b\n"[..], &[b'x'; 70_000], b"\nexit 7\n"].concat();
    let mut client = Process::spawn(lines(&session, &["--keep-going"]));
    client.send(&script);
    let done = client.finish(SOON);
    let text = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(7), "{text}");
    assert!(
        text.contains("NUL byte") && text.contains("70000 bytes"),
        "{text}"
    );
    let mut client = Process::spawn(lines(&session, &[]));
    client.send(&script);
    assert_eq!(client.finish(SOON).status.code(), Some(255));
    session.assert_alive();
}

#[test]
fn commands_from_standard_input_get_none_of_it() {
    let mut session = Session::start(&[]);
    let mut client = Process::spawn(lines(&session, &[]));
    client.send(b"cat\nread x; echo \"x is <$x>\"\ncat; echo end\n");
    let done = client.finish(SOON);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "x is <>\nend\n");
    session.assert_alive();
}
