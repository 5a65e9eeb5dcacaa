//! Tests the tools with Unix-domain sockets.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, in_time, poll};
use cross_process::process::Process;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::unprivileged::Unprivileged;
use super::{client_command, server_command};

pub fn endpoint(path: &Path) -> String {
    format!("unix:{}", path.display())
}

#[track_caller]
pub fn serve_at(path: &Path) -> Server {
    let server = Server::start(server_command(&["--stop-on-eof", &endpoint(path)]));
    assert_eq!(server.endpoint(), endpoint(path));
    server
}

/// The error of a server that does not start.
#[track_caller]
pub fn refusal(command: Command) -> String {
    let mut process = Process::spawn(command);
    let ended = process.finish(SOON);
    assert_eq!((ended.status.code(), ended.stdout), (Some(1), vec![]));
    let words = process.stderr.text();
    assert_eq!(words.lines().count(), 1, "{words}");
    words
}

#[track_caller]
fn refusal_at(path: &Path) -> String {
    refusal(server_command(&[&endpoint(path)])).replace(&endpoint(path), "SOCKET")
}

/// The check at the end of a server's test, like `Server::assert_alive`.
#[track_caller]
pub fn assert_alive(server: &mut Server, path: &Path) {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(b"ping").unwrap();
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"PING");
    drop(stream);
    server.assert_nothing_left();
}

#[test]
fn the_socket_file_is_private_and_removed_with_the_server() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    // A umask that would let every user connect.
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "umask 0; exec \"$0\" \"$@\""])
        .arg(tool.get_program())
        .args(["--stop-on-eof", &endpoint(&path)]);
    let mut server = Server::start(command);
    let found = fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let words = ["--send", "hello", "--send", "again", &endpoint(&path)];
    let mut client = Process::spawn(client_command(&words));
    assert_eq!(client.finish(SOON).stdout, b"HELLO\nAGAIN\n");
    server
        .process
        .wait_stderr("unix#1 closed by peer; 10 bytes in, 10 out", SOON);
    assert_alive(&mut server, &path);

    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_socket_of_a_killed_server_is_replaced() {
    for signal in [Signal::Kill, Signal::Terminate, Signal::Interrupt] {
        let folder = TempDir::new();
        let path = folder.join("socket");
        let mut killed = serve_at(&path);
        killed.process.signal(signal);
        killed.process.wait_exit(SOON);
        assert!(path.exists());
        let mut server = serve_at(&path);
        server
            .process
            .wait_stderr("removed a stale socket at unix:/", SOON);
        assert_alive(&mut server, &path);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn the_socket_of_a_running_server_is_never_replaced() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let mut server = serve_at(&path);
    let before = fs::symlink_metadata(&path).unwrap().ino();
    let said = "error: SOCKET is already in use by a running server; stop that one, or choose \
                another path\n";
    assert_eq!(refusal_at(&path), said);
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), before);
    assert_alive(&mut server, &path);
}

/// If a server does not accept, connecting succeeds at once until its queue is full, and then
/// blocks for ever.
#[test]
fn the_socket_of_a_hung_server_with_a_full_queue_is_not_replaced() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let mut server = serve_at(&path);
    server.process.halt();
    let (queued, progress) = mpsc::channel();
    let caller = thread::spawn({
        let path = path.clone();
        // A connection stays in the queue when its client has closed. The loop ends when the
        // listener is gone, or when the server continues and the receiver is dropped.
        move || while UnixStream::connect(&path).is_ok() && queued.send(()).is_ok() {}
    });
    while progress.recv_timeout(Duration::from_millis(500)).is_ok() {}
    drop(progress);
    let words = refusal_at(&path);
    assert!(
        words.contains("already in use by a running server"),
        "{words}"
    );
    server.process.signal(Signal::Continue);
    in_time(|| caller.join().unwrap());
    server.assert_nothing_left();
    assert_alive(&mut server, &path);
}

#[test]
fn files_of_other_types_are_not_replaced() {
    let folder = TempDir::new();
    let file = folder.join("file");
    fs::write(&file, "precious").unwrap();
    let directory = folder.join("directory");
    fs::create_dir(&directory).unwrap();
    let fifo = folder.join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let link = folder.join("link");
    symlink(&file, &link).unwrap();
    let dangling = folder.join("dangling");
    symlink("/nonexistent/target", &dangling).unwrap();
    for (path, kind) in [
        (&file, "a regular file"),
        (&directory, "a directory"),
        (&fifo, "a special file"),
        (&link, "a symbolic link"),
        (&dangling, "a symbolic link"),
    ] {
        let before = fs::symlink_metadata(path).unwrap().ino();
        assert_eq!(
            refusal_at(path),
            format!(
                "error: cannot listen on SOCKET: {kind} is in the way and is left alone; remove \
                 it, or choose another path\n"
            )
        );
        assert_eq!(fs::symlink_metadata(path).unwrap().ino(), before);
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn a_link_to_a_live_socket_is_refused() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let mut server = serve_at(&path);
    let link = folder.join("link");
    symlink(&path, &link).unwrap();
    assert!(refusal_at(&link).contains("a symbolic link is in the way"));
    assert_alive(&mut server, &path);
}

#[test]
fn other_users_cannot_connect() {
    let Some(user) = Unprivileged::new("tcp-client", "another user's client") else {
        return;
    };
    let path = user.folder.join("socket");
    let mut server = serve_at(&path);
    let mut client = Process::spawn(user.command(&["--send", "x", &endpoint(&path)]));
    assert_eq!(client.finish(SOON).status.code(), Some(1));
    assert_eq!(
        client.stderr.text(),
        format!(
            "error: cannot connect to {} (permission denied); may this user open the socket \
             file?\n",
            endpoint(&path)
        )
    );
    assert_alive(&mut server, &path);
}

#[test]
fn another_users_stale_socket_is_left_alone() {
    let Some(user) = Unprivileged::new("tcp-server", "another user's stale socket") else {
        return;
    };
    let path = user.folder.join("socket");
    let mut killed = serve_at(&path);
    killed.process.signal(Signal::Kill);
    killed.process.wait_exit(SOON);
    fs::set_permissions(user.folder.path(), Permissions::from_mode(0o1777)).unwrap();
    let words = refusal(user.command(&[&endpoint(&path)]));
    assert!(
        words.contains("(permission denied)") || words.contains(": permission denied"),
        "{words}"
    );
    assert!(path.exists());
    assert_eq!(fs::read_dir(user.folder.path()).unwrap().count(), 2);
}

#[test]
fn a_missing_unwritable_or_world_writable_folder_is_refused() {
    let folder = TempDir::new();
    let missing = refusal_at(&folder.join("missing/socket"));
    assert!(
        missing.contains("(no such file or directory); choose a directory"),
        "{missing}"
    );

    let file = folder.join("file");
    fs::write(&file, "").unwrap();
    let inside = refusal_at(&file.join("socket"));
    assert!(
        inside.contains("(not a directory); choose a directory"),
        "{inside}"
    );

    let open = folder.join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let words = refusal_at(&open.join("socket"));
    assert!(
        words.contains("anyone may replace files in ") && words.contains("chmod o-w"),
        "{words}"
    );
    // /tmp has this mode.
    fs::set_permissions(&open, Permissions::from_mode(0o1777)).unwrap();
    let path = open.join("socket");
    assert_alive(&mut serve_at(&path), &path);

    let Some(user) = Unprivileged::new("tcp-server", "a folder of another user") else {
        return;
    };
    let path = user.folder.join("socket");
    let words = refusal(user.command(&[&endpoint(&path)]));
    assert!(
        words.contains("(permission denied); choose a directory"),
        "{words}"
    );
}

/// An abstract socket of Linux has a name without a file.
#[test]
#[cfg(target_os = "linux")]
fn a_name_with_an_at_sign_needs_no_file() {
    let endpoint = format!("unix:@dialtone-{}", std::process::id());
    let mut server = Server::start(server_command(&["--stop-on-eof", &endpoint]));
    assert_eq!(server.endpoint(), endpoint);
    let mut client = Process::spawn(client_command(&["--send", "hello", &endpoint]));
    assert_eq!(client.finish(SOON).stdout, b"HELLO\n");
    assert!(refusal(server_command(&[&endpoint])).contains("already in use"));
    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
}

#[test]
fn control_bytes_in_a_path_are_shown_escaped() {
    let folder = TempDir::new();
    let path = folder.join("a\x1b[2Jb");
    let server = Server::start(server_command(&[&endpoint(&path)]));
    assert!(
        server.endpoint().ends_with(r#"a\x1b[2Jb""#),
        "{}",
        server.endpoint()
    );
    let words = refusal(server_command(&[&endpoint(&path)]));
    assert!(!words.contains('\x1b'), "{words:?}");
}

#[test]
fn a_path_may_have_107_bytes_and_no_more() {
    let folder = TempDir::new();
    let room = 107 - folder.path().as_os_str().len() - 1;
    assert_eq!(
        refusal_at(&folder.join("x".repeat(room + 1))),
        "error: cannot listen on SOCKET: the path is too long; at most 107 bytes fit into the \
         address of a socket\n"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let path = folder.join("x".repeat(room));
    assert_alive(&mut serve_at(&path), &path);
}

/// No client can connect to a server whose file is gone, but the server can still stop.
#[test]
fn a_server_whose_socket_was_removed_can_still_be_stopped() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let flags = ["--stop-on-eof", "--grace", "1ms", &endpoint(&path)];
    let mut server = Server::start(server_command(&flags));
    fs::remove_file(&path).unwrap();
    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
}

/// With a full queue a client's `connect` blocks, and so would the server's own.
#[test]
fn a_full_queue_does_not_keep_a_server_from_stopping() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let words = ["--stop-on-eof", "--grace", "100ms", "--quiet"];
    let mut command = server_command(&words);
    command.arg(endpoint(&path));
    let mut server = Server::start(command);
    server.process.halt();
    let queued = AtomicUsize::new(0);
    let connect = || {
        // Ends when no server listens any more.
        while UnixStream::connect(&path).is_ok() {
            queued.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(connect);
        }
        // std's backlog is 128, and the halted server takes none of them.
        let full = poll(SOON, || {
            (queued.load(Ordering::Relaxed) > 128).then_some(())
        });
        server.process.close_stdin();
        server.process.signal(Signal::Continue);
        let ended = poll(SOON, || (!server.process.is_running()).then_some(()));
        server.process.signal(Signal::Kill);
        assert!(full.is_some(), "the queue is not full");
        assert!(ended.is_some(), "still running");
    });
    assert!(server.process.wait_exit(SOON).success());
    assert!(!path.exists());
}
