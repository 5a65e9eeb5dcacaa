//! Tests sessions over Unix-domain sockets.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::peers::play;
use super::{client_of, complaint, server, wait_until_still};
use crate::tcp::unprivileged::Unprivileged;

/// A server at `socket` in that folder, with its token in the same folder.
#[track_caller]
fn serve(dir: &TempDir) -> Server {
    Server::start(command(dir, "socket"))
}

fn command(dir: &TempDir, name: &str) -> Command {
    server(&dir.join("token"), &["--stop-on-eof"], &endpoint(dir, name))
}

fn endpoint(dir: &TempDir, name: &str) -> String {
    format!("unix:{}", dir.join(name).display())
}

#[track_caller]
fn assert_alive(server: &mut Server, dir: &TempDir) {
    let run = client_of(&dir.join("token"), server.endpoint(), &[], "echo alive");
    let done = Process::spawn(run).finish(SOON);
    assert_eq!(done.stdout, b"alive\n");
    server.assert_nothing_left();
}

#[test]
fn the_socket_is_private_and_serves_both_implementations() {
    let dir = TempDir::new();
    let tool = command(&dir, "socket");
    let mut generous = Command::new("/bin/sh");
    generous
        .args(["-c", "umask 0; exec \"$0\" \"$@\""])
        .arg(tool.get_program())
        .args(tool.get_args());
    let mut server = Server::start(generous);
    let found = fs::symlink_metadata(dir.join("socket")).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o7777, 0o600);
    let run = client_of(
        &dir.join("token"),
        server.endpoint(),
        &[],
        "cat; echo err >&2; exit 3",
    );
    let mut run = Process::spawn(run);
    run.send(b"input");
    let done = run.finish(SOON);
    assert_eq!(
        (done.status.code(), &done.stdout[..], &done.stderr[..]),
        (Some(3), &b"input"[..], &b"err\n"[..])
    );
    let steps = "login\ncommand echo hi\nuntil exit";
    if let Some(seen) = play(
        server.endpoint(),
        &dir.join("token"),
        &["compact", "5"],
        steps,
    ) {
        assert_eq!(seen, "stdout b'hi\\n'\nexit b'{\"code\": 0}'\n");
    }
    assert_alive(&mut server, &dir);
    assert!(server.process.finish(SOON).status.success());
    assert!(
        !dir.join("socket").exists(),
        "the socket file was not removed"
    );
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let dir = TempDir::new();
    let mut server = serve(&dir);
    for input in ["", "stdin\n"] {
        let steps = format!("login\ncommand echo in; exec sleep 1000\n{input}until stdout");
        let token = dir.join("token");
        let Some(_) = play(server.endpoint(), &token, &[], &steps) else {
            return;
        };
        assert_alive(&mut server, &dir);
    }
    // A client whose input the command does not read.
    let token = dir.join("token");
    let client = client_of(&token, server.endpoint(), &[], "exec sleep 1000");
    let mut client = Process::spawn_from(client, fs::File::open("/dev/zero").unwrap());
    wait_until_still(client.pid());
    client.signal(Signal::Kill);
    client.wait_exit(SOON);
    assert_alive(&mut server, &dir);
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let dir = TempDir::new();
    let mut first = serve(&dir);
    let text = complaint(&Process::spawn(command(&dir, "socket")).finish(SOON), 1);
    assert!(
        text.contains("already in use by a running server"),
        "{text}"
    );
    assert_alive(&mut first, &dir);

    first.process.signal(Signal::Kill);
    first.process.wait_exit(SOON);
    assert!(dir.join("socket").exists());
    let run = client_of(&dir.join("token"), &endpoint(&dir, "socket"), &[], "true");
    let text = complaint(&Process::spawn(run).finish(SOON), 255);
    assert!(text.contains("connection refused"), "{text}");
    let mut second = serve(&dir);
    second.process.wait_stderr("removed a stale socket", SOON);
    assert_alive(&mut second, &dir);
}

#[test]
fn files_of_other_types_are_left_alone() {
    let dir = TempDir::new();
    fs::write(dir.join("file"), "precious").unwrap();
    fs::create_dir(dir.join("folder")).unwrap();
    let made = Command::new("mkfifo").arg(dir.join("fifo")).status();
    assert!(made.unwrap().success());
    for name in ["file", "folder", "fifo"] {
        let before = fs::symlink_metadata(dir.join(name)).unwrap();
        let text = complaint(&Process::spawn(command(&dir, name)).finish(SOON), 1);
        assert!(text.contains(&endpoint(&dir, name)), "{text}");
        let after = fs::symlink_metadata(dir.join(name)).unwrap();
        assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
        let run = client_of(&dir.join("token"), &endpoint(&dir, name), &[], "true");
        let run = Process::spawn(run).finish(SOON);
        assert_eq!(run.status.code(), Some(255));
    }
    assert_eq!(fs::read(dir.join("file")).unwrap(), b"precious");
}

#[test]
fn another_user_gets_neither_the_socket_nor_the_token() {
    let Some(other) = Unprivileged::new("exec-client", "exec-server and another user") else {
        return;
    };
    let dir = TempDir::new();
    // Only the modes of the two files keep the other user out.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let mut server = serve(&dir);
    let run = |token: &Path| {
        let token = token.display().to_string();
        let command = other.command(&["--token-file", &token, server.endpoint(), "true"]);
        complaint(&Process::spawn(command).finish(SOON), 255)
    };
    let text = run(&dir.join("token"));
    assert!(
        text.contains("belongs to another user") || text.contains("permission denied"),
        "{text}"
    );
    // Even with a copy of the token, the other user cannot connect.
    let copy = other.folder.join("copy");
    fs::copy(dir.join("token"), &copy).unwrap();
    std::os::unix::fs::chown(&copy, Some(other.user), Some(other.user)).unwrap();
    let text = run(&copy);
    assert!(text.contains("permission denied"), "{text}");
    assert_alive(&mut server, &dir);
}
