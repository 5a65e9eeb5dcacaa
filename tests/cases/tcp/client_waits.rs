//! Tests how long `tcp-client` waits for a server, and what does not count as waiting.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, in_time};
use cross_process::net;
use cross_process::process::Process;

use super::{client_command, serve};
use crate::exec_lesson::terminal::on_a_terminal;

/// Serves each connection with `talk` for as long as the test runs.
fn serve_each(listener: TcpListener, talk: impl Fn(TcpStream) + Send + 'static) {
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            talk(stream);
        }
    });
}

/// Like the lesson's first server, which serves one message.
#[test]
fn a_close_after_the_last_reply_is_not_an_error() {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    serve_each(listener, |stream| {
        net::read_exact(&stream, 5, SOON);
        net::send(&stream, b"HELLO");
    });
    for round in 0..40 {
        let (words, input) = match round % 2 {
            0 => (&["--send", "hello", &addr][..], &b""[..]),
            _ => (&[addr.as_str()][..], &b"hello\n"[..]),
        };
        let mut client = Process::spawn(client_command(words));
        client.send(input);
        let ended = client.finish(SOON);
        assert_eq!(client.stderr.text(), "");
        assert_eq!(
            (ended.status.code(), &ended.stdout[..]),
            (Some(0), &b"HELLO\n"[..])
        );
    }
}

/// All messages are sent at once, so a common limit would pass before the last reply.
#[test]
fn each_message_of_a_file_has_its_own_time_limit() {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    serve_each(listener, |stream| {
        assert_eq!(net::read_exact(&stream, 10, SOON), b"abcdefghij");
        let _ = net::send_slowly(&stream, b"ABCDEFGHIJ", Duration::from_millis(200));
    });
    let mut client = Process::spawn(client_command(&["--timeout", "1s", &addr]));
    client.send(b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    let ended = client.finish(SOON);
    assert_eq!(client.stderr.text(), "");
    assert_eq!(ended.stdout, b"A\nB\nC\nD\nE\nF\nG\nH\nI\nJ\n");
    assert!(ended.status.success());
}

/// `tcp-client < file | less`
#[test]
fn a_reader_of_the_replies_may_pause_for_longer_than_the_time_limit() {
    let server = serve(&[]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let words = ["--timeout", "500ms", server.endpoint()];
    let mut client = Process::spawn_to(client_command(&words), Stdio::from(writer));
    let lines = b"a line of a file that is longer than all buffers together\n".repeat(300_000);
    client.send(&lines);
    client.close_stdin();
    let rest = in_time(move || {
        let mut rest = vec![0; 100];
        reader.read_exact(&mut rest).unwrap();
        // This is the pause of the test, not synchronisation.
        thread::sleep(Duration::from_millis(1500));
        reader.read_to_end(&mut rest).map(|_| rest).unwrap()
    });
    assert_eq!(
        client.wait_exit(SOON).code(),
        Some(0),
        "{}",
        client.stderr.text()
    );
    assert_eq!(rest.len(), lines.len());
}

/// An error during a prompt must begin on a new line.
#[test]
fn an_error_at_the_prompt_has_a_line_of_its_own() {
    for quiet in [&[][..], &["--quiet"]] {
        let listener = net::listen();
        let addr = listener.local_addr().unwrap().to_string();
        let client = client_command(&[quiet, &[&addr]].concat());
        let Some(mut terminal) = on_a_terminal(&client) else {
            return;
        };
        let stream = net::accept(&listener);
        terminal.wait_stdout(">>: ", SOON);
        net::send(&stream, b"SSH-2.0-x\r\n");
        assert_eq!(terminal.wait_exit(SOON).code(), Some(1));
        let expected = format!(">>: \r\nerror: {addr} sent 11 bytes that answer no message");
        assert!(
            terminal.stdout.text().contains(&expected),
            "{}",
            terminal.stdout.text()
        );
    }
}

#[test]
fn stream_excludes_send_and_bytes() {
    for words in [&["--stream", "--bytes"][..], &["--stream", "--send", "x"]] {
        let mut client = Process::spawn(client_command(words));
        assert_eq!(client.wait_exit(SOON).code(), Some(2));
        let said = "it does not go with --send or --bytes";
        client.wait_stderr(said, SOON);
    }
}
