//! Tests hostile peers, switches and environments.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{A_MOMENT, SOON, poll};
use cross_process::net;
use cross_process::process::{Process, lower_open_files, with_open_files};
use cross_process::procfs;
use cross_process::program::Program::Tool;
use cross_process::server::Server;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

use super::straight::fresh_client;
use super::{command, page_of, recorded, tap};

#[test]
fn lifting_a_limit_lets_the_rest_through() {
    let listener = net::listen();
    let flags = ["--stall-after", "client:3", "--reset-after", "client:5"];
    let mut tap = tap(listener.local_addr().unwrap(), &flags);
    let (page, key) = page_of(&mut tap);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    net::send(&client, b"123456789");
    assert_eq!(net::read_exact(&server, 3, SOON), b"123");
    tap.process.wait_stdout("stalled by wiretap", SOON);
    for name in ["reset-after", "stall-after"] {
        lift(page, &key, "client", name);
    }
    assert_eq!(net::read_exact(&server, 6, SOON), b"456789");
}

/// Sets a limit to 0, as the page does.
#[track_caller]
fn lift(page: SocketAddr, key: &str, from: &str, name: &str) {
    let stream = net::connect(page);
    let request =
        format!("POST /bend?key={key} HTTP/1.1\r\nHost: {page}\r\nBend: {name} {from}:0\r\n\r\n");
    net::send(&stream, request.as_bytes());
    assert!(net::read_to_end(&stream, SOON).starts_with(b"HTTP/1.1 200"));
}

#[test]
fn a_stalled_answer_waits_for_a_client_that_has_closed_its_side() {
    let listener = net::listen();
    let flags = ["--stall-after", "server:3"];
    let mut tap = tap(listener.local_addr().unwrap(), &flags);
    let (page, key) = page_of(&mut tap);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    net::half_close(&client);
    assert_eq!(net::read_to_end(&server, SOON), b"");
    net::send(&server, b"123456");
    assert_eq!(net::read_exact(&client, 3, SOON), b"123");
    tap.process.wait_stdout("stalled by wiretap", SOON);
    net::assert_silent(&client, A_MOMENT);
    lift(page, &key, "server", "stall-after");
    assert_eq!(net::read_exact(&client, 3, SOON), b"456");
}

#[test]
fn held_bytes_are_bounded() {
    const PIECE: usize = 1 << 20;
    let listener = net::listen();
    let flags = ["--hold", "client:1m"];
    let tap = tap(listener.local_addr().unwrap(), &flags);
    let client = net::connect(tap.addr());
    let _server = net::accept(&listener);
    client
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let mut sent = 0;
    while let Ok(count) = (&client).write(&vec![b'x'; PIECE]) {
        sent += count;
        assert!(sent < 64 * PIECE, "nothing holds the sender");
    }
    let memory = procfs::resident_bytes(tap.process.pid()).unwrap();
    assert!(memory < 32 << 20, "{memory} bytes");
}

#[test]
fn a_decoder_keeps_nothing_while_one_side_does_not_read() {
    const PIECE: usize = 1 << 20;
    let listener = net::listen();
    let tap = tap(listener.local_addr().unwrap(), &["--decode", "lines"]);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    // The server reads nothing: the client's direction is blocked once every buffer is full.
    client
        .set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    while (&client).write(&vec![b'x'; PIECE]).is_ok() {}
    thread::scope(|scope| {
        scope.spawn(|| (0..64).for_each(|_| net::send(&server, &vec![b'y'; PIECE])));
        net::read_exact(&client, 64 * PIECE, SOON);
    });
    let peak = procfs::peak_resident_bytes(tap.process.pid()).unwrap();
    assert!(peak < 32 << 20, "{peak} bytes");
}

#[test]
fn a_delay_does_not_block_small_messages() {
    let listener = net::listen();
    let tap = tap(listener.local_addr().unwrap(), &["--delay", "client:1m"]);
    let client = net::connect(tap.addr());
    let _server = net::accept(&listener);
    for number in 100..150 {
        net::send(&client, format!("{number}").as_bytes());
        let line = format!("client -> wiretap: 3 bytes b'{number}'");
        tap.process.wait_stdout(&line, SOON);
    }
}

#[test]
fn a_reset_ends_a_conversation_whose_other_direction_is_blocked() {
    let listener = net::listen();
    let flags = ["--reset-after", "client:5"];
    let mut tap = tap(listener.local_addr().unwrap(), &flags);
    let client = net::connect(tap.addr());
    let server = net::accept(&listener);
    server
        .set_write_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    while (&server).write(&[b'x'; 1 << 16]).is_ok() {}
    net::send(&client, b"123456789");
    assert_eq!(net::read_exact(&server, 5, SOON), b"12345");
    tap.process.wait_stdout("#1 over:", SOON);
    drop((client, server));
    tap.assert_nothing_left();
}

#[test]
fn a_server_that_closes_and_then_resets_is_reported_as_reset() {
    let listener = net::listen();
    let tap = tap(listener.local_addr().unwrap(), &[]);
    let client = net::connect(tap.addr());
    drop(net::accept(&listener));
    tap.process.wait_stdout("server closed its side", SOON);
    let is_told = poll(SOON, || {
        let _ = (&client).write(b"more");
        let text = tap.process.stdout.text();
        text.contains("server reset the connection").then_some(())
    });
    assert!(is_told.is_some(), "{}", tap.process.stdout.text());
}

#[test]
fn a_low_limit_on_open_files_allows_the_page_and_some_conversations() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let mut tap = Server::start(with_open_files(&command(server.addr(), &[]), 64));
    let (page, _) = page_of(&mut tap);
    let clients: Vec<_> = (0..100).map(|_| net::connect(tap.addr())).collect();
    tap.process.wait_stderr("refused", SOON);
    let stream = net::connect(page);
    let request = format!("GET / HTTP/1.1\r\nHost: {page}\r\n\r\n");
    net::send(&stream, request.as_bytes());
    assert!(net::read_to_end(&stream, SOON).starts_with(b"HTTP/1.1 200"));
    let shown = tap.process.stdout.text();
    assert!(!shown.contains("no server"), "{shown}");
    drop(clients);
    drop(stream);
    // First their permits must be free.
    tap.assert_nothing_left();
    tap.assert_alive(fresh_client);
}

/// wiretap ended when it had no descriptor for its next line of output.
#[test]
fn a_lack_of_descriptors_ends_no_conversation() {
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let tap = tap(server.addr(), &[]);
    let client = net::connect(tap.addr());
    assert_eq!(net::ask(&client, b"one", 3), b"ONE");
    tap.process.wait_stdout("b'ONE'", SOON);
    if !lower_open_files(&tap.process, 0) {
        return skip("a limit that is lowered later", "there is no prlimit");
    }
    for (message, answer) in [(b"two", b"TWO"), (b"six", b"SIX")] {
        assert_eq!(net::ask(&client, message, 3), answer);
        let shown = format!("server -> client: 3 bytes b'{}'", answer.escape_ascii());
        tap.process.wait_stdout(&shown, SOON);
    }
}

#[test]
fn a_low_limit_on_open_files_allows_some_clients_of_datagrams() {
    let server = Tool("udp-server", &[]).serve().unwrap();
    let command = command(server.addr(), &["--udp"]);
    let mut tap = Server::start(with_open_files(&command, 64));
    let (page, _) = page_of(&mut tap);
    let clients: Vec<_> = (0..100).map(|_| net::udp(tap.addr())).collect();
    assert_eq!(net::ask_udp(&clients[0], b"first"), b"FIRST");
    for client in &clients {
        client.send(b"hello").unwrap();
    }
    tap.process.wait_stderr("refused: ", SOON);
    assert_eq!(net::ask_udp(&clients[0], b""), b"HELLO");
    let stream = net::connect(page);
    let request = format!("GET / HTTP/1.1\r\nHost: {page}\r\n\r\n");
    net::send(&stream, request.as_bytes());
    assert!(net::read_to_end(&stream, SOON).starts_with(b"HTTP/1.1 200"));
    let answered = "server -> client: 5 bytes b'FIRST'";
    tap.process.wait_stdout(answered, SOON);
    let shown = tap.process.stdout.text();
    assert!(!shown.contains("no server"), "{shown}");
}

/// The datagram that gets no thread is lost. The next one begins the only conversation.
#[test]
fn a_conversation_without_a_thread_is_not_counted() {
    let server = Tool("udp-server", &[]).serve().unwrap();
    let tap = tap(server.addr(), &["--udp", "--connections", "1"]);
    let client = net::udp(tap.addr());
    let pid = tap.process.pid();
    let limit = |limit: &str| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &pid.to_string(), &format!("--as={limit}:")]);
        prlimit.status().is_ok_and(|status| status.success())
    };
    // Too little for a stack.
    let little = procfs::address_space(pid).unwrap_or_default() + 32 * 1024;
    if !limit(&little.to_string()) {
        return skip("a limit that is lowered later", "there is no prlimit");
    }
    client.send(b"lost").unwrap();
    tap.process.wait_stderr("cannot start a thread", SOON);
    assert!(limit("unlimited"));
    assert_eq!(net::ask_udp(&client, b"hello"), b"HELLO");
}

#[test]
fn a_record_on_a_full_disk_is_reported_at_once_and_can_be_replayed() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let server = Tool("tcp-server", &[]).serve().unwrap();
    let inner = command(server.addr(), &["--record", file.to_str().unwrap()]);
    // A limit on the size of files acts like a full disk if its signal is ignored.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""]);
    limited.arg(inner.get_program()).args(inner.get_args());
    let tap = Server::start(limited);
    let client = net::connect(tap.addr());
    for _ in 0..40 {
        assert_eq!(net::ask(&client, &[b'x'; 100], 100), [b'X'; 100]);
    }
    tap.process.wait_stderr("the record is cut short", SOON);
    assert!(!recorded(&file).is_empty());
    let picture = folder.join("picture.svg");
    let mut replay = Command::new(artifacts().tool("wiretap"));
    replay.arg("--replay").arg(&file).arg("--svg").arg(&picture);
    let done = Process::spawn(replay).finish(SOON);
    let why = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{why}");
}

#[test]
fn many_watchers_of_a_full_journal_cost_little_memory() {
    let folder = TempDir::new();
    let file = folder.join("record");
    let data = "41".repeat(1024);
    let line = format!(
        r#"{{"t": 1, "c": 1, "kind": "passed", "from": "client", "at": 0, "len": 1024, "data": "{data}", "text": ""}}"#
    );
    std::fs::write(&file, format!("{line}\n").repeat(10_000)).unwrap();
    let mut replay = Command::new(artifacts().tool("wiretap"));
    replay.arg("--replay").arg(&file);
    let mut tap = Process::spawn(replay);
    let line = tap.wait_line(SOON);
    let (page, key) = line
        .strip_prefix("watch at http://")
        .and_then(|address| address.split_once("/#"))
        .unwrap();
    let page = page.parse().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let stream = net::connect(page);
                let request = format!("GET /events?key={key} HTTP/1.1\r\nHost: {page}\r\n\r\n");
                net::send(&stream, request.as_bytes());
                let got = net::read_to_end(&stream, SOON + SOON);
                assert!(got.len() > 20_000_000, "{}", got.len());
            });
        }
    });
    let peak = procfs::peak_resident_bytes(tap.pid()).unwrap();
    assert!(peak < 128 << 20, "{peak} bytes");
}
