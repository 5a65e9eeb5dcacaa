//! Tests `tcp-client` with other kinds of servers: `--stream`, and bytes that answer no message.

use std::io::Read;
use std::process::Stdio;
use std::thread;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

use super::{client_command, serve};

#[test]
fn a_stream_passes_bytes_as_they_are_and_half_closes() {
    let server = serve(&[]);
    let mut client = Process::spawn(client_command(&["--stream", server.endpoint()]));
    // Blank lines, CR, binary and no newline at the end.
    let bytes = b"\n\r\n  a\r\nb\x00\xff\n\nc";
    client.send(bytes);
    let ended = client.finish(SOON);
    assert_eq!(ended.stdout, bytes.to_ascii_uppercase());
    assert!(ended.status.success(), "{}", client.stderr.text());
}

#[test]
fn a_stream_carries_more_than_the_socket_buffers_hold() {
    let server = serve(&[]);
    let bytes: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut client = Process::spawn(client_command(&["--stream", server.endpoint()]));
    client.send(&bytes);
    let ended = client.finish(SOON);
    assert!(ended.stdout == bytes.to_ascii_uppercase());
    assert!(ended.status.success());
}

#[test]
fn the_servers_close_ends_a_stream_although_stdin_is_open() {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    let mut client = Process::spawn(client_command(&["--stream", &addr]));
    let stream = net::accept(&listener);
    net::send(&stream, b"220 ready\r\n");
    drop(stream);
    client.wait_stdout("220 ready\r\n", SOON);
    assert_eq!(client.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_directory_as_input_is_an_error() {
    let server = serve(&[]);
    let words = ["--stream", server.endpoint()];
    let directory = std::fs::File::open("/").unwrap();
    let mut client = Process::spawn_from(client_command(&words), Stdio::from(directory));
    assert_eq!(client.wait_exit(SOON).code(), Some(1));
    client.wait_stderr("error: cannot read standard input (Is a directory)", SOON);
}

/// The client notices the close at once, not only when it sends the next message.
#[test]
fn a_server_that_closes_is_noticed_while_nothing_is_sent() {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    let mut client = Process::spawn(client_command(&[&addr]));
    let stream = net::accept(&listener);
    client.send(b"hello\n");
    assert_eq!(net::read_exact(&stream, 5, SOON), b"hello");
    net::send(&stream, b"HELLO");
    assert_eq!(client.wait_line(SOON), "HELLO");
    drop(stream);
    assert_eq!(client.wait_exit(SOON).code(), Some(1));
    let expected = format!("error: {addr} closed the connection; was it stopped?\n");
    client.wait_stderr(&expected, SOON);
}

/// Another kind of server may send more than the reply, or send first.
#[test]
fn bytes_that_answer_no_message_are_an_error() {
    for (before, reply, said) in [
        (
            &b""[..],
            &b"HTTP/1.0 400 Bad request"[..],
            "sent 19 bytes more than the message has",
        ),
        (
            b"SSH-2.0-x\r\n",
            b"",
            "sent 11 bytes that answer no message",
        ),
    ] {
        let listener = net::listen();
        let addr = listener.local_addr().unwrap().to_string();
        let mut client = Process::spawn(client_command(&[&addr]));
        let stream = net::accept(&listener);
        net::send(&stream, before);
        if before.is_empty() {
            client.send(b"hello\n");
            net::read_exact(&stream, 5, SOON);
            net::send(&stream, reply);
        }
        assert_eq!(client.wait_exit(SOON).code(), Some(1));
        let ended = client.finish(SOON);
        assert_eq!(ended.stdout, b"");
        let error = String::from_utf8_lossy(&ended.stderr);
        assert!(
            error.contains(said) && error.contains("see --stream"),
            "{error}"
        );
    }
}

/// The first bytes of the refusal are those of the message.
#[test]
fn a_refusal_is_not_a_reply_whatever_the_message_is() {
    let server = serve(&["--max-connections", "1"]);
    let served = net::connect(server.addr());
    assert_eq!(net::ask(&served, b"x", 1), b"X");
    for message in ["e", "error", "error: busy, 1 connection in use"] {
        for _ in 0..10 {
            let words = ["--send", message, server.endpoint()];
            let mut client = Process::spawn(client_command(&words));
            let ended = client.finish(SOON);
            assert_eq!((ended.status.code(), ended.stdout), (Some(1), vec![]));
            assert!(
                client
                    .stderr
                    .text()
                    .contains("refused the connection: busy, 1")
            );
        }
    }
}

#[test]
fn a_stream_shows_a_refusal_as_data() {
    let server = serve(&["--max-connections", "1"]);
    let served = net::connect(server.addr());
    assert_eq!(net::ask(&served, b"x", 1), b"X");
    let mut client = Process::spawn(client_command(&["--stream", server.endpoint()]));
    let ended = client.finish(SOON);
    assert_eq!(ended.stdout, b"error: busy, 1 connection in use\n");
    assert!(ended.status.success(), "{}", client.stderr.text());
}

/// The client does not wait between the messages of a file, and still prints each reply on its own
/// line.
#[test]
fn a_file_of_messages_is_sent_without_waiting_for_replies() {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    let mut client = Process::spawn(client_command(&["--bytes", &addr]));
    client.send(b"one\n\ntwo\nthree");
    client.close_stdin();
    let stream = net::accept(&listener);
    thread::scope(|scope| {
        // All messages arrive before the first reply.
        scope.spawn(|| {
            assert_eq!(net::read_exact(&stream, 11, SOON), b"onetwothree");
            net::send(&stream, b"ONETWOTH");
            net::send(&stream, b"REE");
        });
    });
    let ended = client.finish(SOON);
    assert_eq!(ended.stdout, b"b'ONE'\nb'TWO'\nb'THREE'\n");
    assert!(ended.status.success());
    let _ = (&stream).read(&mut [0]);
}

/// Another program on the same terminal may have made it non-blocking.
#[test]
fn the_client_waits_for_non_blocking_standard_streams() {
    let server = serve(&[]);
    let tool = client_command(&[]);
    let script = "import os, sys
for fd in (0, 1): os.set_blocking(fd, False)
os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = std::process::Command::new("python3");
    command.args(["-c", script]).arg(tool.get_program());
    command.args(["--stream", server.endpoint()]);
    let mut client = Process::spawn(command);
    client.send(b"first\n");
    client.wait_stdout("FIRST\n", SOON);
    // First stdin has no bytes, and then more than stdout accepts at once.
    let bytes = vec![b'a'; 3_000_000];
    client.send(&bytes);
    let ended = client.finish(SOON);
    assert!(ended.status.success(), "{}", client.stderr.text());
    assert_eq!(ended.stdout.len(), 6 + bytes.len());
}
