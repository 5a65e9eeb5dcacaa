//! Tests two servers that use one socket file, one after the other.

use std::fs;

use cross_process::deadline::SOON;
use cross_process::temp::TempDir;

use super::unix::{assert_alive, serve_at};

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
