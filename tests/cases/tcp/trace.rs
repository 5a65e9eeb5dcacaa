//! Tests `--trace` and the log.

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

use super::{client_command, serve, upper_case_client};

/// A log line without its time, which must have the right form.
#[track_caller]
fn without_time(line: &str) -> &str {
    let Some((time, rest)) = line.split_once(' ') else {
        panic!("no time: {line}");
    };
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{line}");
    rest
}

#[test]
fn the_server_shows_every_recv_and_send() {
    let mut server = serve(&["--trace"]);
    let stream = net::connect(server.addr());
    let peer = stream.local_addr().unwrap();
    assert_eq!(
        net::ask(&stream, b"it's\n\x1b[2J\xff", 10),
        b"IT'S\n\x1b[2J\xff"
    );
    drop(stream);
    server.process.wait_stderr("10 bytes in, 10 out", SOON);
    let log = server.process.stderr.text();
    let lines: Vec<&str> = log.lines().map(without_time).collect();
    let last = lines[4].rsplit_once(", ").unwrap();
    assert_eq!(
        lines[..4],
        [
            format!("{peer} connected"),
            format!("{peer} recv(1024) = 10 b\"it's\\n\\x1b[2J\\xff\""),
            format!("{peer} send(10) = 10 b\"IT'S\\n\\x1b[2J\\xff\""),
            format!("{peer} recv(1024) = 0 end of stream"),
        ]
    );
    assert_eq!(
        last.0,
        format!("{peer} closed by peer; 10 bytes in, 10 out")
    );
    assert_eq!(lines.len(), 5, "{log}");
    server.assert_alive(upper_case_client);
}

#[test]
fn the_client_shows_every_send_and_recv() {
    let server = serve(&["--recv-size", "3"]);
    let words = ["--trace", "--send", "hello", server.endpoint()];
    let mut client = Process::spawn(client_command(&words));
    let ended = client.finish(SOON);
    assert_eq!(ended.stdout, b"HELLO\n");
    let log = client.stderr.text();
    let lines: Vec<&str> = log.lines().map(without_time).collect();
    let endpoint = server.endpoint();
    assert_eq!(lines[0], format!("{endpoint} send(5) = 5 b'hello'"));
    // The reply may arrive in one piece or in two.
    let received: Vec<&str> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once("b'")?.1.strip_suffix('\''))
        .collect();
    assert_eq!(received.concat(), "HELLO", "{log}");
    assert!(
        lines[1].starts_with(&format!("{endpoint} recv(65536) = ")),
        "{log}"
    );
}

/// Two threads send and read, and the reply may arrive before `send` returns.
#[test]
fn a_message_is_traced_before_its_reply() {
    let server = serve(&[]);
    for round in 0..30 {
        let how = match round % 2 {
            0 => &["--send", "hello"][..],
            _ => &["--stream"],
        };
        let words = [&["--trace"], how, &[server.endpoint()]].concat();
        let mut client = Process::spawn(client_command(&words));
        client.send(b"hello");
        client.finish(SOON);
        let log = client.stderr.text();
        let first = log.lines().next().map(without_time).unwrap();
        assert!(first.contains(" send(5) = 5 b'hello'"), "{log}");
    }
}

#[test]
fn a_stream_shows_the_end_that_the_server_sends() {
    let server = serve(&[]);
    let words = ["--trace", "--stream", server.endpoint()];
    let mut client = Process::spawn(client_command(&words));
    client.send(b"hello");
    client.finish(SOON);
    let log = client.stderr.text();
    assert!(log.ends_with(" recv(65536) = 0 end of stream\n"), "{log}");
}

/// A line shows only the beginning of a long message, but its whole length.
#[test]
fn a_long_message_is_cut_in_the_trace() {
    let server = serve(&[]);
    let message = "x".repeat(5000);
    let words = ["--trace", "--send", &message, server.endpoint()];
    let mut client = Process::spawn(client_command(&words));
    client.finish(SOON);
    let log = client.stderr.text();
    let sent = format!("send(5000) = 5000 b'{}'...", "x".repeat(64));
    assert!(log.contains(&sent), "{log}");
    assert!(log.lines().all(|line| line.len() < 200), "{log}");
}

#[test]
fn the_log_shows_the_peer_the_close_reason_and_the_bytes() {
    let server = serve(&[]);
    let stream = net::connect(server.addr());
    let peer = stream.local_addr().unwrap();
    assert_eq!(net::ask(&stream, b"hello", 5), b"HELLO");
    drop(stream);
    server.process.wait_stderr("5 out", SOON);
    let log = server.process.stderr.text();
    let lines: Vec<&str> = log.lines().map(without_time).collect();
    assert_eq!(lines[0], format!("{peer} connected"));
    let (words, duration) = lines[1].rsplit_once(", ").unwrap();
    assert_eq!(words, format!("{peer} closed by peer; 5 bytes in, 5 out"));
    assert!(
        duration.ends_with("ms") || duration.ends_with('s'),
        "{duration}"
    );
}

#[test]
fn quiet_leaves_only_errors() {
    let mut server = serve(&["--quiet"]);
    let mut client = Process::spawn(client_command(&[
        "--quiet",
        "--send",
        "x",
        server.endpoint(),
    ]));
    assert_eq!(client.finish(SOON).stderr, b"");
    let stream = net::connect(server.addr());
    net::send(&stream, b"never read");
    net::reset(stream);
    server.assert_alive(upper_case_client);
    assert_eq!(server.process.stderr.text(), "");

    let port = net::free_port().to_string();
    let mut client = Process::spawn(client_command(&["--quiet", "--send", "x", &port]));
    client.finish(SOON);
    client.wait_stderr("error: cannot connect", SOON);
}

/// Lines of concurrent connections do not mix.
#[test]
fn every_line_of_a_busy_log_is_whole() {
    let mut server = serve(&["--trace"]);
    let addr = server.addr();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(move || (0..20).for_each(|_| upper_case_client(addr)));
        }
    });
    server.assert_alive(upper_case_client);
    // Each connection: connected, recv, send, recv, closed.
    let all = 5 * (16 * 20 + 1);
    // A thread of the harness reads the log and may be a little late.
    let complete = || (server.process.stderr.text().lines().count() >= all).then_some(());
    cross_process::deadline::poll(SOON, complete);
    let log = server.process.stderr.text();
    assert_eq!(log.lines().count(), all);
    for line in log.lines() {
        let rest = without_time(line);
        assert!(rest.starts_with("127.0.0.1:"), "{line}");
        assert_eq!(rest.matches("127.0.0.1:").count(), 1, "{line}");
    }
}
