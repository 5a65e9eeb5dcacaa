//! Tests `exec-client` as a replacement for `ssh HOST COMMAND`: input, pauses, and lost servers.

use std::fs::File;
use std::io::pipe;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use cross_process::deadline::{A_MOMENT, SOON, in_time};
use cross_process::process::Process;
use cross_process::signal::Signal;

use super::peers::Playing;
use super::{Session, client, complaint, wait_until_still};

#[test]
fn standard_input_goes_to_the_command_unless_n_is_given() {
    let mut session = Session::start(&[]);
    for (options, expected) in [(&[][..], "some input\n"), (&["-n"], "")] {
        let mut client = session.client(options, "cat");
        client.send(b"some input\n");
        let done = client.finish(SOON);
        assert_eq!(String::from_utf8(done.stdout).unwrap(), expected);
    }
    session.assert_alive();
}

/// The command must not take a part of the input for the whole.
#[test]
fn an_input_that_cannot_be_read_is_an_error_and_not_an_end() {
    let mut session = Session::start(&[]);
    for (path, why) in [
        ("/", "Is a directory"),
        ("/proc/self/mem", "Input/output error"),
    ] {
        // The command runs until the client leaves.
        let client = client(
            &session.token,
            session.server.addr(),
            &[],
            "cat; exec sleep 1000",
        );
        let done = Process::spawn_from(client, File::open(path).unwrap()).finish(SOON);
        let text = complaint(&done, 255);
        assert_eq!(text, format!("error: cannot read standard input ({why})\n"));
    }
    session.assert_alive();
}

#[test]
fn two_dashes_end_our_flags_and_are_not_part_of_the_command() {
    let mut session = Session::start(&[]);
    for (words, expected) in [
        (&["--", "echo", "-n", "x"][..], "x"),
        (&["echo", "--", "x"], "-- x\n"),
    ] {
        let mut command = client(&session.token, session.server.addr(), &[], words[0]);
        command.args(&words[1..]);
        let done = Process::spawn(command).finish(SOON);
        assert_eq!(String::from_utf8(done.stdout).unwrap(), expected);
    }
    session.assert_alive();
}

#[test]
fn a_closed_stderr_does_not_end_stdout() {
    let mut session = Session::start(&[]);
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let command = "echo gone >&2; echo gone >&2; echo there; exit 3";
    let words = client(&session.token, session.server.addr(), &[], command);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 2>&1 >&3 3>&-"]);
    shell.arg(words.get_program()).args(words.get_args());
    let mut redirected = Command::new("/bin/sh");
    // The client's stderr is the broken pipe, and descriptor 3 is the pipe that the test reads.
    redirected.args(["-c", "exec 3>&2; exec \"$0\" \"$@\""]);
    redirected.arg(shell.get_program()).args(shell.get_args());
    let done = Process::spawn_to(redirected, Stdio::from(writer)).finish(SOON);
    assert_eq!(done.status.code(), Some(3));
    assert_eq!(done.stderr, b"there\n");
    session.assert_alive();
}

#[test]
fn a_server_that_answers_no_ping_is_gone() {
    let steps = "login\nuntil command\nstdout begun\nend";
    let Some(server) = Playing::start(&[], steps) else {
        return;
    };
    let done = server.run(&["--alive-interval", "100ms"], "x");
    let text = complaint(&done, 255);
    assert!(text.contains("it answered no ping for 300ms"), "{text}");
    assert_eq!(done.stdout, b"begun");
    let seen = server.transcript();
    assert_eq!(seen.matches("ping").count(), 1, "{seen}");
}

/// A server that sends no output may still answer pings and send its own.
#[test]
fn pings_and_empty_frames_do_not_extend_the_timeout() {
    let pings = "ping\nuntil pong\nstdout\n".repeat(20_000);
    let steps = format!("login\nuntil command\n{pings}end");
    let Some(server) = Playing::start(&[], &steps) else {
        return;
    };
    let options = ["--timeout", "300ms", "--alive-interval", "100ms"];
    let text = complaint(&server.run(&options, "x"), 255);
    let end = "(nothing came for 300ms; wait longer with --timeout); output may be incomplete\n";
    assert!(text.ends_with(end), "{text}");
    // The server would have sent more.
    let pongs = server.transcript().matches("pong").count();
    assert!((1..20_000).contains(&pongs), "{pongs}");
}

#[test]
fn a_server_that_answers_pings_may_be_silent_for_any_time() {
    let mut session = Session::start(&[]);
    let options = ["--alive-interval", "300ms"];
    let done = session.client(&options, "sleep 2; echo here").finish(SOON);
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(0), &b"here\n"[..])
    );
    session.assert_alive();
}

/// The pause is many intervals long, and the output is more than all buffers hold.
#[test]
fn a_reader_may_pause() {
    let mut session = Session::start(&[]);
    let command = "head -c 50000000 /dev/zero; echo end >&2";
    let options = ["--alive-interval", "50ms"];
    let client = client(&session.token, session.server.addr(), &options, command);
    let (mut reader, writer) = pipe().unwrap();
    let mut stopped = Process::spawn_to(client, Stdio::from(writer));
    wait_until_still(stopped.pid());
    thread::sleep(20 * A_MOMENT);
    // Ctrl-Z and fg.
    stopped.signal(Signal::Stop);
    thread::sleep(20 * A_MOMENT);
    stopped.signal(Signal::Continue);
    let reading = thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    let done = stopped.finish(SOON);
    assert_eq!(
        (done.status.code(), &done.stderr[..]),
        (Some(0), &b"end\n"[..])
    );
    assert_eq!(in_time(|| reading.join().unwrap()).unwrap(), 50_000_000);
    session.assert_alive();
}

/// While the command does not read its input, the server reads no more frames, and so answers no
/// ping.
#[test]
fn a_command_may_read_its_input_late() {
    let mut session = Session::start(&[]);
    let options = ["--alive-interval", "50ms"];
    let mut client = session.client(&options, "sleep 1.5; wc -c");
    client.send(&vec![b'i'; 20_000_000]);
    let done = client.finish(SOON + Duration::from_secs(2));
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), text.as_str()), (Some(0), ""));
    assert_eq!(done.stdout, b"20000000\n");
    session.assert_alive();
}

#[test]
fn a_note_of_the_server_is_shown_once_and_is_not_output() {
    let steps = "login
        until command
        note a background process keeps the output open
        stdout late
        exit {\"code\": 4}
        rest
        ---
        "
    .repeat(2);
    let Some(server) = Playing::start(&[], &steps) else {
        return;
    };
    let note = "note: a background process keeps the output open\n";
    for (options, expected) in [(&[][..], note), (&["--quiet"], "")] {
        let done = server.run(options, "x");
        assert_eq!(String::from_utf8_lossy(&done.stderr), expected);
        assert_eq!(
            (done.status.code(), &done.stdout[..]),
            (Some(4), &b"late"[..])
        );
    }
}
