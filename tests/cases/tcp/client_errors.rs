//! The client and servers that fail it: one line each, and never a wait without an end.

use std::net::TcpStream;
use std::process::Output;
use std::thread;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

use super::{client_command, serve};

/// Runs the client against one connection of `server`; how it ended, and its error with `ADDR` for
/// the address. What `server` gives back, the connection it may be, is dropped after that.
#[track_caller]
fn run_against<T: Send + 'static>(
    server: impl FnOnce(TcpStream) -> T + Send + 'static,
    words: &[&str],
    input: &[u8],
) -> (Output, String) {
    // First, since the client may have to be built, which takes longer than a server waits for it.
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

/// The same, which must fail with these words and no reply.
#[track_caller]
fn assert_fails(server: impl FnOnce(TcpStream) + Send + 'static, words: &[&str], error: &str) {
    let (ended, told) = run_against(server, words, b"");
    assert_eq!(told, format!("error: {error}\n"));
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stdout, b"");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    assert_fails(
        |stream| assert_eq!(net::read_to_end(&stream, SOON), b"x"),
        &["--send", "x", "--timeout", "300ms"],
        "no reply from ADDR within 300ms (after 0 of 1 bytes of the reply); is it serving \
         another client, or no upper-case server?",
    );
}

/// A limit on each read would be renewed by every byte.
#[test]
fn the_time_limit_is_one_for_the_whole_reply() {
    let (ended, error) = run_against(
        |stream| {
            net::read_exact(&stream, 200, SOON);
            // Ends with an error when the client has gone.
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
fn a_server_that_closes_early_is_named_with_how_far_it_got() {
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
fn a_reset_is_told_from_an_orderly_end() {
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
fn a_refusal_is_passed_on_and_nothing_in_it_reaches_the_terminal_raw() {
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
fn a_refusal_without_an_end_is_cut() {
    let (ended, error) = run_against(
        |stream| {
            net::send(&stream, b"error: ");
            // The client hangs up in the midst of it.
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
            "error: {} refused the connection: busy, 1 connections in use\n",
            server.endpoint()
        );
        assert_eq!(client.stderr.text(), expected);
    }
}

/// The replies before it stay good, and are shown.
#[test]
fn a_server_that_leaves_in_the_midst_leaves_the_replies_before() {
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

/// A long message is written by a thread of its own, which must not outlive a reply that failed.
#[test]
fn a_server_that_hangs_up_on_a_long_message_is_not_waited_for() {
    let (ended, error) = run_against(
        |stream| {
            net::half_close(&stream);
            // It neither reads nor leaves: its end is held until the client has ended, for which
            // there is the time of a test and not the thirty seconds of the client's own limit.
            stream
        },
        &[],
        &[b'x'; 32 << 20],
    );
    // It closed before there was a message, or after.
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

/// By the kernel's own clock a client would wait for two minutes.
#[test]
fn a_server_that_lets_nobody_in_is_given_up() {
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
