//! Tests the command line of `udp-client`, with a server for each test.

#![allow(clippy::unwrap_used)]

use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};

const LONG: Duration = Duration::from_secs(10);

/// One try with a long timeout, for tests that count tries.
const ONE_TRY: [&str; 4] = ["--retries", "0", "--timeout", "8s"];

fn tool() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("udp-client"));
    command.timeout(LONG);
    command
}

/// Starts a server that answers each datagram with those of `answers`, and returns its address.
fn serve(mut answers: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    // Ends with the test's process.
    thread::spawn(move || {
        let mut data = vec![0; 65_536];
        while let Ok((count, peer)) = socket.recv_from(&mut data) {
            for answer in answers(&data[..count]) {
                socket.send_to(&answer, peer).unwrap();
            }
        }
    });
    address
}

/// Runs the client against such a server.
fn against(
    answers: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    flags: &[&str],
    stdin: &[u8],
) -> (String, Assert) {
    let address = serve(answers);
    let mut command = tool();
    command.args(flags).arg(&address).write_stdin(stdin);
    (address, command.assert())
}

/// Runs the client by a shell line, in which `"$@"` is the client with its flags.
#[cfg(unix)]
fn by_shell(line: &str, flags: &[&str], stdin: String) -> Assert {
    let mut command = Command::new("sh");
    command
        .args(["-c", line, "sh"])
        .arg(assert_cmd::cargo::cargo_bin!("udp-client"))
        .args(flags)
        .write_stdin(stdin)
        .timeout(LONG);
    command.assert()
}

fn with_one_try<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&ONE_TRY, flags].concat()
}

fn upper(data: &[u8]) -> Vec<Vec<u8>> {
    vec![data.to_ascii_uppercase()]
}

#[test]
fn help_and_version_go_to_stdout() {
    let assert = tool().arg("--help").assert().success().stderr(is_empty());
    assert.stdout(
        contains("Usage: udp-client [OPTIONS] [ENDPOINT]")
            .and(contains("--send TEXT"))
            .and(contains("--bytes"))
            .and(contains("--timeout TIME"))
            .and(contains("--retries N"))
            .and(contains("--recv-size SIZE"))
            .and(contains("Ctrl-D ends with a report, Ctrl-C without one"))
            .and(contains("exit status is 1"))
            .and(contains("--trace"))
            .and(contains("--quiet")),
    );
    let version = format!("udp-client {}\n", env!("CARGO_PKG_VERSION"));
    tool().arg("--version").assert().success().stdout(version);
}

#[test]
fn usage_errors_name_the_flag_and_the_value() {
    for (words, expected) in [
        (&["--send"][..], "--send needs its TEXT"),
        (&["--timeout", "0s"], "--timeout: \"0s\" is not a duration"),
        (
            &["--retries", "11"],
            "--retries: \"11\" is not a whole number",
        ),
        (&["--recv-size", "0"], "--recv-size: \"0\" is not a size"),
        #[cfg(unix)]
        (
            &["unix:/tmp/x"],
            "ENDPOINT: \"unix:/tmp/x\" is a Unix-domain path; UDP needs HOST:PORT",
        ),
        (&["127.0.0.1:0"], "ENDPOINT: \"127.0.0.1:0\" has port 0"),
    ] {
        tool()
            .args(words)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(
                starts_with(format!("error: {expected}")).and(contains("see udp-client --help")),
            );
    }
}

#[test]
fn every_line_is_a_message_and_an_empty_one_is_sent() {
    let (_, assert) = against(upper, &with_one_try(&["--bytes"]), b"hello\n\nlast");
    assert
        .success()
        .stdout("b'HELLO'\nb''\nb'LAST'\n")
        .stderr(starts_with(
            "3 sent, 3 answered, 0 lost (0.0%), 0 retries; rtt min/median/max/jitter = ",
        ));
}

#[test]
fn with_send_stdin_is_not_read_and_quiet_hides_the_report() {
    let flags = ["--quiet", "--send", "a", "--send", "", "--send", "b\u{e9}"];
    let (_, assert) = against(upper, &flags, b"not read\n");
    assert.success().stdout("A\n\nB\u{e9}\n").stderr(is_empty());
}

#[test]
fn a_closed_port_is_an_error_at_once() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    if cfg!(windows) {
        drop(socket);
    } else {
        // Connected to itself, it keeps the port from other tests, and the kernel still refuses
        // their datagrams.
        socket.connect(address).unwrap();
    }
    // The client's timeout is longer than the test's, so the error must come at once.
    tool()
        .args(["--timeout", "1m", "--send", "a", &address.to_string()])
        .assert()
        .code(1)
        .stdout(is_empty())
        .stderr(format!(
            "error: cannot reach {address} (connection refused); is the server running?\n\
             1 sent, 0 answered, 1 lost (100.0%), 0 retries\n"
        ));
}

#[test]
fn a_lost_message_uses_all_tries_and_the_next_one_is_sent() {
    let answers = |data: &[u8]| if data == b"a" { vec![] } else { upper(data) };
    let flags = ["--timeout", "3s", "--send", "a", "--send", "b"];
    let (address, assert) = against(answers, &flags, b"");
    assert.code(1).stdout("B\n").stderr(starts_with(format!(
        "error: {address}: no answer within 3s, 3 tries (UDP may lose datagrams); \
             is the server running?\n2 sent, 1 answered, 1 lost (50.0%), 2 retries; rtt"
    )));
    let flags = ["--timeout", "50ms", "--retries", "0", "--send", "a"];
    let (_, assert) = against(answers, &flags, b"");
    assert.code(1).stderr(
        contains("no answer within 50ms, 1 try (").and(contains("1 lost (100.0%), 0 retries\n")),
    );
}

#[test]
fn an_answer_to_any_try_counts() {
    let mut seen = 0;
    let answers = move |data: &[u8]| {
        seen += 1;
        if seen < 3 { vec![] } else { upper(data) }
    };
    let (_, assert) = against(answers, &["--timeout", "1s", "--send", "a"], b"");
    // The client cannot tell which try it answers, so there is no round-trip time.
    assert
        .success()
        .stdout("A\n")
        .stderr("1 sent, 1 answered, 0 lost (0.0%), 2 retries\n");
}

#[test]
fn a_duplicate_answer_is_not_taken_for_the_next_one() {
    // With one port for all messages, the second copy would answer the second `a`.
    let mut seen = 0;
    let answers = move |data: &[u8]| {
        seen += 1;
        match seen {
            1 => vec![b"A".to_vec(), b"A".to_vec()],
            2 => vec![],
            _ => upper(data),
        }
    };
    let flags = ["--timeout", "1s", "--retries", "0", "--send", "a"];
    let flags = [&flags[..], &["--send", "a", "--send", "b"]].concat();
    let (_, assert) = against(answers, &flags, b"");
    assert.code(1).stdout("A\nB\n").stderr(contains(
        "3 sent, 2 answered, 1 lost (33.3%), 0 retries, 1 duplicate; rtt",
    ));
}

#[test]
fn a_datagram_that_is_not_the_answer_is_ignored() {
    let answers = |data: &[u8]| {
        vec![
            b"nonsense".to_vec(),
            data.to_vec(),
            data.to_ascii_uppercase(),
        ]
    };
    let (_, assert) = against(answers, &["--send", "abc"], b"");
    assert.success().stdout("ABC\n");
    let answers = |data: &[u8]| vec![data.to_vec()];
    let flags = ["--timeout", "100ms", "--retries", "0", "--send", "abc"];
    let (address, assert) = against(answers, &flags, b"");
    assert
        .code(1)
        .stdout(is_empty())
        .stderr(starts_with(format!(
            "error: {address}: no answer within 100ms, 1 try (1 datagram came, but not its upper \
         case); is this an upper-case server?\n"
        )));
}

#[test]
fn an_answer_cut_by_the_server_is_shown_and_reported() {
    let answers = |data: &[u8]| vec![data[..3].to_ascii_uppercase()];
    let (address, assert) = against(answers, &with_one_try(&["--send", "hello"]), b"");
    assert.code(1).stdout("HEL\n").stderr(
        starts_with(format!(
            "error: the answer of {address} has 3 of 5 bytes (the server cut the message);"
        ))
        .and(contains(
            "1 sent, 1 answered, 0 lost (0.0%), 0 retries, 1 cut; rtt",
        )),
    );
}

/// Like the lesson's `recvfrom(1024)`, but with an error.
#[test]
fn an_answer_cut_by_recv_size_is_shown_and_reported() {
    let flags = [
        "--trace",
        "--recv-size",
        "3",
        "--send",
        "hello",
        "--send",
        "abc",
    ];
    let (address, assert) = against(upper, &with_one_try(&flags), b"");
    assert.code(1).stdout("HEL\nABC\n").stderr(
        contains(format!(
            "error: the answer of {address} lost 2 of 5 bytes (--recv-size 3 cut it); raise it to \
             see them\n"
        ))
        .and(contains(format!("Z {address} recvfrom(3) = 3 b'HEL'\n")))
        .and(contains(
            "2 sent, 2 answered, 0 lost (0.0%), 0 retries, 1 cut; rtt",
        )),
    );
}

/// Each message has a port of its own, but only the latest ports stay open, and fewer with a low
/// limit on open files.
#[cfg(unix)]
#[test]
fn a_thousand_messages_need_few_descriptors() {
    // Each answer is sent twice, even if the port of the message is closed when the duplicate
    // arrives.
    let address = serve(|data| [upper(data), upper(data)].concat());
    for limit in [80, 16] {
        let line = format!("ulimit -n {limit} && exec \"$@\"");
        by_shell(&line, &with_one_try(&[&address]), "a\n".repeat(1000))
            .success()
            .stdout("A\n".repeat(1000))
            .stderr(
                starts_with("1000 sent, 1000 answered, 0 lost (0.0%), 0 retries, ")
                    .and(contains(" duplicates; rtt")),
            );
    }
}

#[test]
fn a_late_answer_is_counted_and_not_shown() {
    // The first message's answer arrives after the second message, which has the same bytes.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut data = [0; 10];
        let (_, first) = socket.recv_from(&mut data).unwrap();
        let (_, second) = socket.recv_from(&mut data).unwrap();
        socket.send_to(b"A", first).unwrap();
        socket.send_to(b"A", first).unwrap();
        let (_, third) = socket.recv_from(&mut data).unwrap();
        assert!(first != second && second != third && third != first);
        socket.send_to(b"B", third).unwrap();
    });
    let mut command = tool();
    command.args([
        "--timeout",
        "500ms",
        "--retries",
        "0",
        "--interval",
        "600ms",
    ]);
    command.args(["--send", "a", "--send", "a", "--send", "b", &address]);
    command.assert().code(1).stdout("B\n").stderr(contains(
        "3 sent, 1 answered, 2 lost (66.7%), 0 retries, 1 late, 1 duplicate; rtt",
    ));
}

/// The stranger sends the right bytes to the right port, but from another address.
#[test]
fn an_answer_from_another_address_is_ignored() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut data = [0; 10];
        while let Ok((count, peer)) = socket.recv_from(&mut data) {
            let answer = data[..count].to_ascii_uppercase();
            stranger.send_to(&answer, peer).unwrap();
            if count == 1 {
                socket.send_to(&answer, peer).unwrap();
            }
        }
    });
    let mut command = tool();
    command.args(["--timeout", "1s", "--retries", "0"]);
    command.args(["--send", "two", "--send", "1", &address]);
    command.assert().code(1).stdout("1\n").stderr(
        contains("no answer within 1s, 1 try (UDP may lose datagrams)").and(contains(
            "2 sent, 1 answered, 1 lost (50.0%), 0 retries; rtt",
        )),
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_not() {
    let address = serve(upper);
    let full = "error: cannot write to standard output (No space left on device)\n";
    for (line, code, words) in [
        ("\"$@\" > /dev/full", 1, full),
        ("\"$@\" | head -1 > /dev/null", 0, ""),
    ] {
        by_shell(line, &["--quiet", &address], "a\n".repeat(1000))
            .code(code)
            .stderr(words);
    }
}

#[test]
fn a_message_fits_into_a_datagram_or_is_not_sent() {
    let longest = vec![b'x'; 65_507];
    let too_long = vec![b'y'; 65_508];
    let lines = [&longest[..], b"\n", &too_long, b"\nz\n"].concat();
    let (_, assert) = against(upper, &ONE_TRY, &lines);
    let shown = [&longest.to_ascii_uppercase()[..], b"\nZ\n"].concat();
    assert.code(1).stdout(shown).stderr(
        starts_with(
            "error: a datagram holds at most 65507 bytes (yours 65508); send it in parts\n",
        )
        .and(contains(
            "2 sent, 2 answered, 0 lost (0.0%), 0 retries, 1 too long to send; rtt",
        )),
    );
}

#[test]
fn a_trace_shows_every_call() {
    let (address, assert) = against(upper, &["--trace", "--send", "a"], b"");
    assert.success().stderr(
        contains(format!("Z {address} sendto(1) = 1 b'a'\n"))
            .and(contains(format!("Z {address} recvfrom(65507) = 1 b'A'\n"))),
    );
}
