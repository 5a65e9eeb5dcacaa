//! Tests `exec-client` with its three standard streams.

use std::fs::File;
use std::process::Stdio;
use std::sync::mpsc;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::Process;

use super::{PROTOCOLS, client_command, complaint, framed, run_lines, serve, shown};

/// A prompt is only for a user at a terminal, not for data and logs.
#[test]
fn without_a_terminal_there_is_no_prompt_and_no_progress() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        let lines = b"head -c 3000000 /dev/zero | tr '\\0' x\necho end\n";
        let output = shown(run_lines(protocol, server.addr(), lines));
        assert!(output == format!("{}end\n", "x".repeat(3_000_000)));
    }
}

/// A user at a terminal sees each answer before the next prompt.
#[test]
fn each_answer_is_shown_as_soon_as_it_is_complete() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        let mut client = Process::spawn(client_command(protocol, server.addr(), &[]));
        for number in 0..3 {
            client.send_line(&format!("echo {number}"));
            assert_eq!(client.wait_line(SOON), number.to_string());
        }
        assert!(client.finish(SOON).status.success());
    }
}

/// A user at a prompt may think for longer than the server's idle timeout.
#[test]
fn a_connection_closed_while_idle_is_opened_again() {
    for protocol in ["length", "header"] {
        let mut server = serve(protocol, &["--idle-timeout", "1s"]);
        let mut client = Process::spawn(client_command(protocol, server.addr(), &[]));
        // Once before the first command, and once between two.
        for number in 1..=2 {
            let closed = || {
                server
                    .process
                    .stderr
                    .text()
                    .matches("closed, no command")
                    .count()
                    == number
            };
            assert!(poll(SOON, || closed().then_some(())).is_some());
            // The log line comes just before the connection is closed.
            server.assert_nothing_left();
            client.send_line(&format!("echo {number}"));
            assert_eq!(client.wait_line(SOON), number.to_string());
        }
        assert!(client.finish(SOON).status.success());
    }
}

#[test]
fn unexpected_bytes_of_a_server_are_an_error() {
    for protocol in PROTOCOLS {
        let (said, heard) = mpsc::channel();
        let peer = Peer::new(move |conn| {
            net::send(&conn, b"SSH-2.0-Something\r\n");
            said.send(()).unwrap();
            // The client sends nothing and closes.
            let mut byte = [0];
            let ended = net::again(|| std::io::Read::read(&mut &conn, &mut byte));
            assert!(!matches!(ended, Ok(1)));
        });
        let mut client = Process::spawn(client_command(protocol, peer.addr(), &[]));
        heard.recv_timeout(SOON).unwrap();
        client.send_line("a command that is not sent");
        let text = complaint(&client.finish(SOON));
        assert!(
            text.contains("sent \"SSH-2.0-Something\", which answers no"),
            "{text}"
        );
        peer.finish();
    }
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(
            &conn,
            &[&framed("{\"total_size\": 2}")[..], b"hi\x1b[2J\r\n"].concat(),
        );
        net::read_to_end(&conn, SOON);
    });
    let output = run_lines("header", peer.addr(), b"x\ny\n");
    assert_eq!(output.stdout, b"hi");
    let text = complaint(&output);
    assert!(
        text.contains(r#"sent "\x1b[2J", which answers no command"#),
        "{text}"
    );
}

#[test]
fn without_commands_it_succeeds_at_once() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        for lines in [&b""[..], b"\n", b"\n \n\t\n"] {
            assert_eq!(shown(run_lines(protocol, server.addr(), lines)), "");
        }
    }
}

#[test]
fn a_closed_stdout_ends_it_quietly() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        let mut client = client_command(protocol, server.addr(), &[]);
        client.arg("seq 1000000");
        // As with `| head -1`: the reading end of its output is closed.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Process::spawn_to(client, Stdio::from(writer)).finish(SOON);
        assert_eq!(output.stderr, b"");
        // The status of a program that SIGPIPE has ended, because the command did not finish.
        assert_eq!(output.status.code(), Some(128 + 13));
    }
}

#[test]
fn a_full_disk_is_an_error() {
    for protocol in PROTOCOLS {
        let server = serve(protocol, &[]);
        let mut client = client_command(protocol, server.addr(), &[]);
        client.arg("seq 10");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = Process::spawn_to(client, Stdio::from(full)).finish(SOON);
        assert_eq!(
            complaint(&output),
            "error: cannot write to standard output (No space left on device)\n"
        );
    }
}

#[test]
fn the_first_failure_ends_it_and_later_lines_are_not_sent() {
    let good = [&framed("{\"total_size\": 2}")[..], b"hi"].concat();
    let peer = Peer::new(move |conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, &good);
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, b"\xff\xff\xff\xff");
        assert_eq!(net::read_to_end(&conn, SOON), b"");
    });
    let output = run_lines("header", peer.addr(), b"a\nb\nc\n");
    assert_eq!(output.stdout, b"hi");
    assert!(complaint(&output).contains("header length -1 is negative"));
    peer.finish();
}

#[test]
fn a_trace_shows_every_call_on_both_sides() {
    let server = serve("length", &["--trace"]);
    let mut client = super::start("length", server.addr(), &["--trace"], "echo hi");
    let done = client.finish(SOON);
    assert_eq!(
        (done.status.code(), &done.stdout[..]),
        (Some(0), &b"hi\n"[..])
    );
    let trace = String::from_utf8(done.stderr).unwrap();
    for call in [
        "send(7) = 7 b'echo hi'",
        "recv(1024) = 1 b'3'",
        "send(10) = 10 b'recv_ready'",
        "recv(3) = 3 b'hi\\n'",
    ] {
        assert!(trace.contains(call), "{call}: {trace}");
    }
    for call in [
        "= 7 b'echo hi'",
        "send(1) = 1 b'3'",
        "= 10 b'recv_ready'",
        "send(3) = 3 b'hi\\n'",
    ] {
        server.process.wait_stderr(call, SOON);
    }
}
