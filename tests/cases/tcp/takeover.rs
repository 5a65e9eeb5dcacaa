//! Tests two servers that use one socket file, one after the other.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::process::Process;
use cross_process::temp::TempDir;

use super::server_command;
use super::unix::{assert_alive, endpoint, serve_at};

/// A user removes the socket file of a running server, and the next server creates a new one.
#[test]
fn a_stopping_server_does_not_remove_the_socket_of_the_next() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let mut first = serve_at(&path);
    fs::remove_file(&path).unwrap();
    let mut next = serve_at(&path);
    assert!(first.process.finish(SOON).status.success());
    assert_alive(&mut next, &path);
}

#[test]
fn a_server_that_replaces_nothing_logs_nothing() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let mut server = serve_at(&path);
    assert_alive(&mut server, &path);
    let log = String::from_utf8(server.process.finish(SOON).stderr).unwrap();
    assert!(log.contains(" stopping") && !log.contains("stale"), "{log}");
}

/// If two servers found the same stale socket, the slower one would remove the faster one's new
/// socket.
#[test]
fn a_server_waits_for_another_that_is_replacing_a_stale_socket() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    drop(UnixListener::bind(&path).unwrap());
    let others_turn = File::open(folder.path()).unwrap();
    others_turn.lock().unwrap();
    let mut server = Process::spawn(server_command(&["--stop-on-eof", &endpoint(&path)]));
    assert_eq!(server.stdout.next_line(A_MOMENT), None, "it does not wait");
    drop(others_turn);
    let line = server.wait_line(SOON);
    assert_eq!(line, format!("listening on {}", endpoint(&path)));
    server.wait_stderr("removed a stale socket", SOON);
    let mut client = UnixStream::connect(&path).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    client.write_all(b"x").unwrap();
    let mut reply = [0];
    client.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"X");
}
