//! Tests peers that stop sending or reading.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use cross_process::deadline::{Deadline, SOON};
use cross_process::net;
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::{serve, server_command, upper_case_client};

#[test]
fn an_idle_connection_is_closed_and_logged() {
    let mut server = serve(&["--idle-timeout", "500ms"]);
    let silent = net::connect(server.addr());
    let addr = silent.local_addr().unwrap();
    assert_eq!(net::read_to_end(&silent, SOON), b"");
    let line = format!("{addr} closed, idle 500ms; 0 bytes in, 0 out, ");
    server.process.wait_stderr(&line, SOON);
    server.assert_alive(upper_case_client);
}

/// The limit is on silence, not on the whole connection.
#[test]
fn each_message_restarts_the_idle_time() {
    let mut server = serve(&["--idle-timeout", "2s"]);
    let stream = net::connect(server.addr());
    for _ in 0..12 {
        assert_eq!(net::ask(&stream, b"x", 1), b"X");
        // This is the client's pause, not synchronisation.
        thread::sleep(Duration::from_millis(200));
    }
    drop(stream);
    server.assert_alive(upper_case_client);
}

#[test]
fn a_client_that_never_reads_stalls_only_itself_and_is_closed() {
    let mut server = serve(&["--write-timeout", "1s"]);
    let pid = server.process.pid();
    upper_case_client(server.addr());
    let before = procfs::resident_bytes(pid).unwrap();

    let greedy = net::connect(server.addr());
    let addr = greedy.local_addr().unwrap();
    let sent = send_until_stalled(&greedy);
    // The bytes in flight are in the socket buffers, not in the server's memory.
    let grown = procfs::peak_resident_bytes(pid)
        .unwrap()
        .saturating_sub(before);
    assert!(grown < 1 << 20, "{grown} bytes for {sent} sent");
    upper_case_client(server.addr());

    let line = format!("{addr} closed, the client read nothing for 1s; ");
    server.process.wait_stderr(&line, SOON);
    drop(greedy);
    server.assert_alive(upper_case_client);
}

/// A partial write must not restart the time, or a stall would take two or three times the limit.
#[test]
fn a_stalled_client_is_closed_in_time() {
    let mut server = serve(&["--write-timeout", "2s"]);
    let greedy = net::connect(server.addr());
    send_until_stalled(&greedy);
    let stalled = Instant::now();
    let closed = "closed, the client read nothing for 2s; ";
    server.process.wait_stderr(closed, SOON);
    assert!(stalled.elapsed() < Duration::from_millis(3500));
    drop(greedy);
    server.assert_alive(upper_case_client);
}

#[test]
fn partly_sent_replies_are_counted() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let endpoint = format!("unix:{}", path.display());
    let server = Server::start(server_command(&["--write-timeout", "500ms", &endpoint]));
    let mut greedy = UnixStream::connect(&path).unwrap();
    greedy
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    while greedy.write(&[b'x'; 50_000]).is_ok() {}
    let closed = "closed, the client read nothing for 500ms; ";
    server.process.wait_stderr(closed, SOON);
    greedy.set_read_timeout(Some(SOON)).unwrap();
    let mut rest = Vec::new();
    let _ = greedy.read_to_end(&mut rest);
    let log = server.process.stderr.text();
    let out = format!(" bytes in, {} out, ", rest.len());
    assert!(log.contains(&out), "{out} is not in {log}");
}

/// Sends until the socket accepts no more for a while, and returns how many bytes it accepted.
#[track_caller]
fn send_until_stalled(mut stream: &TcpStream) -> usize {
    let a_while = Duration::from_millis(300);
    stream.set_write_timeout(Some(a_while)).unwrap();
    let deadline = Deadline::after(SOON);
    let mut sent = 0;
    while deadline.remaining().is_some() {
        match stream.write(&[b'x'; 64 * 1024]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("sending, after {sent} bytes: {error}"),
        }
    }
    panic!("the server has taken {sent} bytes, and none of its replies were read");
}

/// A slow reader is fine: each of its reads restarts the server's timeout.
#[test]
fn a_client_that_reads_slowly_is_served_to_the_end() {
    const SIZE: usize = 12 << 20;
    let mut server = serve(&["--write-timeout", "1500ms"]);
    let stream = net::connect(server.addr());
    thread::scope(|scope| {
        scope.spawn(|| net::send(&stream, &vec![b'x'; SIZE]));
        let pause = Duration::from_millis(200);
        for _ in 0..12 {
            // The slow reader itself.
            thread::sleep(pause);
            let reply = net::read_exact(&stream, SIZE / 12, SOON);
            assert!(reply.iter().all(|&byte| byte == b'X'));
        }
    });
    drop(stream);
    server.assert_alive(upper_case_client);
}
