//! Tests the client with servers that work.

use std::io::Read;
use std::process::{Command, Stdio};

use cross_process::deadline::{SOON, in_time, poll};
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::Process;
use cross_process::python;
use cross_process::server::Server;

use super::{client_command, serve, upper_case_client};

/// The client with these arguments and this server's endpoint.
fn client_of(server: &Server, words: &[&str]) -> Command {
    let mut command = client_command(words);
    command.arg(server.endpoint());
    command
}

/// Runs it with this input, and returns its stdout. It must succeed.
#[track_caller]
fn run(command: Command, input: &[u8]) -> Vec<u8> {
    let mut client = Process::spawn(command);
    client.send(input);
    let ended = client.finish(SOON);
    assert!(ended.status.success(), "{:?}", client.stderr.text());
    assert_eq!(client.stderr.text(), "");
    ended.stdout
}

/// With the lesson's recv size of 1024 bytes, and with the server's default.
#[test]
fn each_reply_belongs_to_its_own_line() {
    for options in [&[][..], &["--recv-size", "1024"], &["--recv-size", "1"]] {
        let mut server = serve(options);
        let long = "a".repeat(2500);
        let input = format!("{long}\nbbb\nccc\n");
        let replies = run(client_of(&server, &[]), input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&replies), input.to_uppercase());
        server.assert_alive(upper_case_client);
    }
}

#[test]
fn empty_lines_are_skipped_and_the_last_line_needs_no_end() {
    let server = serve(&[]);
    let replies = run(client_of(&server, &[]), b"\n\none\r\n\n \ntwo");
    assert_eq!(String::from_utf8_lossy(&replies), "ONE\n \nTWO\n");
}

#[test]
fn messages_of_the_command_line_go_in_order_and_stdin_stays_unread() {
    let server = serve(&[]);
    let words = [
        "--send",
        "one",
        "--send",
        "",
        "--send=two\nlines",
        "--send",
        "-x",
    ];
    let replies = run(client_of(&server, &words), b"from stdin\n");
    assert_eq!(String::from_utf8_lossy(&replies), "ONE\nTWO\nLINES\n-X\n");
}

/// If the client wrote the whole line before it read, both sides would wait for ever for the other
/// to read.
#[test]
fn a_line_of_ten_mebibytes_comes_back_whole() {
    let mut server = serve(&[]);
    let mut input = vec![b'z'; 10 << 20];
    input.extend(b"\nshort\n");
    let replies = run(client_of(&server, &["--timeout", "8s"]), &input);
    assert!(replies == input.to_ascii_uppercase(), "{}", replies.len());
    server.assert_alive(upper_case_client);
}

/// Each reply is shown before the next line is typed: nothing stays in a buffer.
#[test]
fn a_reply_is_shown_before_the_next_prompt() {
    let server = serve(&[]);
    let mut client = Process::spawn(client_of(&server, &[]));
    for word in ["one", "two", "three"] {
        client.send_line(word);
        assert_eq!(client.wait_line(SOON), word.to_uppercase());
    }
    assert!(client.finish(SOON).status.success());
}

#[test]
fn bytes_are_shown_as_python_shows_them() {
    let Some(mut python) = python::command("the client's --bytes against Python's repr") else {
        return;
    };
    let mut lines: Vec<Vec<u8>> = vec![
        b"hello".to_vec(),
        b"it's".to_vec(),
        b"a \"quote\"".to_vec(),
        b"'both' \"kinds\"".to_vec(),
        b"back\\slash \\n".to_vec(),
        "stra\u{df}e \u{4f60}\u{597d}".into(),
        b"\r mid\rdle".to_vec(),
        (0..=255).filter(|&byte| byte != b'\n').collect(),
    ];
    // Also every single byte, except a `\r` at the end of a line, which counts as part of the line
    // end.
    lines.extend((0..=255).filter(|b| !b"\r\n".contains(b)).map(|b| vec![b]));
    let input = lines.join(&b'\n');
    let server = serve(&[]);
    let shown = run(client_of(&server, &["--bytes"]), &input);

    let script =
        "import sys\nfor line in sys.stdin.buffer.read().split(b'\\n'): print(line.upper())";
    python.args(["-c", script]);
    let expected = run(python, &input);
    assert_eq!(
        String::from_utf8_lossy(&shown),
        String::from_utf8_lossy(&expected)
    );
}

/// `tcp-client | head -1`
#[test]
fn a_reader_that_leaves_ends_the_client_quietly() {
    let server = serve(&[]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut client = Process::spawn_to(client_of(&server, &[]), Stdio::from(writer));
    client.send(b"one\n");
    let line = in_time(move || {
        let mut line = [0; 4];
        reader.read_exact(&mut line).map(|()| line).unwrap()
    });
    assert_eq!(&line, b"ONE\n");
    // A process that another test is starting may hold the reading end for a moment.
    let has_ended = || {
        client.send(b"more\n");
        (!client.is_running()).then_some(())
    };
    assert!(poll(SOON, has_ended).is_some(), "still running");
    // Its stdin is still open, so it has ended because of its stdout.
    let status = client.wait_exit(SOON);
    assert!(status.success(), "{status}");
    assert_eq!(client.stderr.text(), "");
}

#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let server = serve(&[]);
    let full = std::fs::File::options().write(true).open("/dev/full");
    let command = client_of(&server, &["--send", "x", "--send", "y"]);
    let mut client = Process::spawn_to(command, Stdio::from(full.unwrap()));
    assert_eq!(client.finish(SOON).status.code(), Some(1));
    assert_eq!(
        client.stderr.text(),
        "error: cannot write to standard output (No space left on device)\n"
    );
}

/// The server answers byte by byte, each in a segment of its own.
#[test]
fn a_reply_in_small_pieces_is_one_reply() {
    let peer = Peer::new(|stream| {
        assert_eq!(net::read_exact(&stream, 5, SOON), b"hello");
        net::send_slowly(&stream, b"HELLO", std::time::Duration::from_millis(5)).unwrap();
        assert_eq!(net::read_exact(&stream, 2, SOON), b"ok");
        net::send(&stream, b"OK");
        net::read_to_end(&stream, SOON);
    });
    let words = ["--send", "hello", "--send", "ok", &peer.addr().to_string()];
    assert_eq!(run(client_command(&words), b""), b"HELLO\nOK\n");
    peer.finish();
}

/// Only `error: ` is a refusal. The reply of another kind of server may begin like it.
#[test]
fn a_reply_that_begins_like_a_refusal_is_a_reply() {
    for (message, reply) in [("r", "e"), ("REEBE", "error"), ("error: x", "error: x")] {
        let peer = Peer::new(move |stream| {
            net::read_exact(&stream, message.len(), SOON);
            net::send(&stream, reply.as_bytes());
            // Keeps the connection, so that no end of stream marks the end of the reply.
            net::read_to_end(&stream, SOON);
        });
        let words = ["--send", message, &peer.addr().to_string()];
        let shown = run(client_command(&words), b"");
        assert_eq!(String::from_utf8_lossy(&shown), format!("{reply}\n"));
        peer.finish();
    }
}
