//! Tests the client with servers that fail: it prints one line, and never waits for ever.

use std::net::TcpStream;
use std::process::Output;
use std::thread;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

use super::{client_command, serve};

/// Runs the client against one connection of `server`. Returns its status, and its error with
/// `ADDR` for the address. The value that `server` returns, such as the connection, is dropped
/// after that.
#[track_caller]
fn run_against<T: Send + 'static>(
    server: impl FnOnce(TcpStream) -> T + Send + 'static,
    words: &[&str],
    input: &[u8],
) -> (Output, String) {
    // Made first, because the client may have to be built, which takes longer than the server
    // waits.
    let mut command = client_command(words);
    let listener = net::listen();
    let addr = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || server(net::accept(&listener)));
    command.arg(&addr);
    let mut client = Process::spawn(command);
    client.send(input);
    let ended = client.finish(SOON);
    serving.join().unwrap();
    let error = String::from_utf8_lossy(&ended.stderr).replace(&addr, "ADDR");
    (ended, error)
}

/// Like [`run_against`]; the client must fail with this error and no reply.
#[track_caller]
fn assert_fails(server: impl FnOnce(TcpStream) + Send + 'static, words: &[&str], error: &str) {
    let (ended, told) = run_against(server, words, b"");
    assert_eq!(told, format!("error: {error}\n"));
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stdout, b"");
}

#[test]
fn a_silent_server_times_out() {
    assert_fails(
        |stream| assert_eq!(net::read_to_end(&stream, SOON), b"x"),
        &["--send", "x", "--timeout", "300ms"],
        "no reply from ADDR within 300ms (after 0 of 1 bytes of the reply); is it serving \
         another client, or no upper-case server?",
    );
}

/// A timeout of each read would start again with every byte.
#[test]
fn the_time_limit_is_for_the_whole_reply() {
    let (ended, error) = run_against(
        |stream| {
            net::read_exact(&stream, 200, SOON);
            // Ends with an error when the client is gone.
            let drip = net::send_slowly(&stream, &[b'X'; 200], Duration::from_millis(50));
            assert!(drip.is_err());
        },
        &["--send", &"x".repeat(200), "--timeout", "1s"],
        b"",
    );
    assert!(
        error.starts_with("error: no reply from ADDR within 1s (after "),
        "{error}"
    );
    assert_eq!(
        (ended.status.code(), &ended.stdout[..]),
        (Some(1), &b""[..])
    );
}

#[test]
fn a_server_that_closes_early_is_an_error_with_the_bytes_received() {
    assert_fails(
        |stream| {
            net::read_exact(&stream, 5, SOON);
            net::send(&stream, b"HE");
        },
        &["--send", "hello"],
        "ADDR closed the connection after 2 of 5 bytes of the reply; was it stopped?",
    );
}

#[test]
fn a_reset_is_not_reported_as_an_orderly_end() {
    assert_fails(
        |stream| {
            net::read_exact(&stream, 4, SOON);
            // One byte stays unread.
            net::reset(stream);
        },
        &["--send", "hello"],
        "lost the connection to ADDR after 0 of 5 bytes of the reply (connection reset)",
    );
}

#[test]
fn a_refusal_is_shown_escaped() {
    for words in [
        "--send=hello",
        "--send=a message that is longer than the refusal .............",
    ] {
        assert_fails(
            |stream| {
                net::send(&stream, b"error: busy, \x1b[2J\x07 10 connections in use\n");
                net::half_close(&stream);
                net::read_to_end(&stream, SOON);
            },
            &[words],
            r#"ADDR refused the connection: "busy, \x1b[2J\x07 10 connections in use""#,
        );
    }
}

#[test]
fn an_endless_refusal_is_cut() {
    let (ended, error) = run_against(
        |stream| {
            net::send(&stream, b"error: ");
            // The client closes in the middle of it.
            let _ = std::io::Write::write_all(&mut &stream, &[b'x'; 4 << 20]);
        },
        &["--send", "hello"],
        b"",
    );
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        error.starts_with("error: ADDR refused the connection: \"xxx"),
        "{error}"
    );
    assert!(error.ends_with("x\"...\n") && error.len() < 600, "{error}");
}

#[test]
fn the_server_tools_own_refusal_is_understood() {
    let server = serve(&["--max-connections", "1"]);
    let served = net::connect(server.addr());
    assert_eq!(net::ask(&served, b"x", 1), b"X");
    for message in ["hello", "x"] {
        let mut client = Process::spawn(client_command(&["--send", message, server.endpoint()]));
        assert_eq!(client.finish(SOON).status.code(), Some(1));
        let expected = format!(
            "error: {} refused the connection: busy, 1 connection in use\n",
            server.endpoint()
        );
        assert_eq!(client.stderr.text(), expected);
    }
}

/// The replies before the error are shown.
#[test]
fn replies_before_the_server_closes_are_shown() {
    let (ended, error) = run_against(
        |stream| {
            net::read_exact(&stream, 3, SOON);
            net::send(&stream, b"ONE");
            net::read_exact(&stream, 8, SOON);
        },
        &[],
        b"one\ntwo\nthree\n",
    );
    assert_eq!(ended.stdout, b"ONE\n");
    assert_eq!(
        error,
        "error: ADDR closed the connection after 0 of 3 bytes of the reply; was it stopped?\n"
    );
}

/// A thread of its own writes a long message. The client must not wait for it after an error.
#[test]
fn a_server_that_closes_during_a_long_message_is_not_waited_for() {
    let (ended, error) = run_against(
        |stream| {
            net::half_close(&stream);
            // The server neither reads nor closes until the client has ended. The test waits less
            // than the client's timeout of 30 seconds.
            stream
        },
        &[],
        &[b'x'; 32 << 20],
    );
    // The server may have closed before the message or after it.
    assert!(
        error.starts_with("error: ADDR closed the connection"),
        "{error}"
    );
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn a_line_longer_than_any_message_is_refused() {
    let server = serve(&[]);
    let mut client = Process::spawn(client_command(&[server.endpoint()]));
    client.send(&vec![b'x'; (64 << 20) + 1]);
    assert_eq!(client.finish(SOON).status.code(), Some(1));
    assert_eq!(
        client.stderr.text(),
        "error: a line of standard input is longer than 64 MiB; send it in shorter ones\n"
    );
}

/// Without the client's limit, the kernel would wait for two minutes.
#[test]
fn a_server_with_a_full_accept_queue_times_out() {
    let (listener, _queue) = net::listen_with_a_full_queue();
    let addr = listener.local_addr().unwrap().to_string();
    let words = ["--connect-timeout", "300ms", "--send", "x", &addr];
    let ended = Process::spawn(client_command(&words)).finish(SOON);
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        format!(
            "error: cannot connect to {addr} (no answer within 300ms); is a firewall in between, or \
             the server overloaded?\n"
        )
    );
    assert_eq!(ended.status.code(), Some(1));
}
