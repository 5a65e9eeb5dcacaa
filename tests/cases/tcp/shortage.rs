//! Tests a system without free descriptors, threads, memory or disk space.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::net::ANY_PORT;
use cross_process::process::{Process, lower_open_files, with_address_space, with_open_files};
use cross_process::procfs;
use cross_process::python;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::unprivileged::Unprivileged;
use super::{server_command, upper_case_client};

/// The limit on connections is the free descriptors less a reserve, so that a client over it always
/// gets the refusal.
#[test]
fn the_limit_on_connections_is_lowered_to_the_descriptors_and_logged() {
    for (limit, lowest) in [(32, 16), (64, 44), (256, 200), (1024, 930)] {
        let command = server_command(&["--stop-on-eof", &ANY_PORT.to_string()]);
        let mut server = Server::start(with_open_files(&command, limit));
        let said = format!("because the limit on open files is {limit}; raise it with: ulimit -n");
        server.process.wait_stderr(&said, SOON);
        let log = server.process.stderr.text();
        let max = log.split("at most ").nth(1).unwrap();
        let max: usize = max.split(' ').next().unwrap().parse().unwrap();
        assert!((lowest..limit).contains(&max), "{max} of {limit}");

        let served = || {
            let client = net::connect(server.addr());
            assert_eq!(net::ask(&client, b"x", 1), b"X");
            client
        };
        let inside: Vec<TcpStream> = (0..max).map(|_| served()).collect();
        let extra: Vec<TcpStream> = (0..100).map(|_| net::connect(server.addr())).collect();
        for client in &extra {
            let words = net::read_to_end(client, SOON);
            let expected = format!("error: busy, {max} connections in use\n");
            assert_eq!(String::from_utf8_lossy(&words), expected);
        }
        for client in &inside {
            assert_eq!(net::ask(client, b"y", 1), b"Y");
        }
        assert!(!server.process.stderr.text().contains("cannot accept"));
        // The server can be stopped even when it is full.
        server.process.close_stdin();
        assert!(server.process.wait_exit(SOON).success());
    }
}

#[test]
fn a_limit_on_open_files_allows_a_connection_and_a_refusal_or_no_server() {
    let command = server_command(&[&ANY_PORT.to_string()]);
    for limit in 6..20 {
        let mut process = Process::spawn(with_open_files(&command, limit));
        let Some(line) = process.stdout.next_line(SOON) else {
            assert_eq!(process.wait_exit(SOON).code(), Some(1));
            let words = format!(
                "error: the limit on open files is {limit}, too low for a connection; raise it \
                 with: ulimit -n\n"
            );
            assert_eq!(process.stderr.text(), words);
            continue;
        };
        assert!(limit > 6);
        let endpoint = line.strip_prefix("listening on ").unwrap();
        let first = net::connect(endpoint.parse().unwrap());
        assert_eq!(net::ask(&first, b"x", 1), b"X");
        let second = net::connect(endpoint.parse().unwrap());
        let words = net::read_to_end(&second, SOON);
        assert_eq!(words, b"error: busy, 1 connection in use\n");
        return;
    }
    panic!("no server started");
}

/// The limit may be lowered after the server has counted its descriptors.
#[test]
fn a_server_out_of_descriptors_logs_it_pauses_and_recovers() {
    let command = server_command(&["--stop-on-eof", &ANY_PORT.to_string()]);
    let mut server = Server::start(with_open_files(&command, 64));
    let pid = server.process.pid();
    if !lower_open_files(&server.process, 5) {
        return super::skip("a limit that is lowered later", "there is no prlimit");
    }
    let callers: Vec<TcpStream> = (0..20).map(|_| net::connect(server.addr())).collect();
    server
        .process
        .wait_stderr("cannot accept a connection (Too many open files)", SOON);
    // It neither spins nor floods the log while it cannot accept.
    let before = procfs::cpu_time(pid).unwrap();
    thread::sleep(Duration::from_secs(1));
    let spent = procfs::cpu_time(pid).unwrap() - before;
    assert!(spent < Duration::from_millis(200), "{spent:?} in a second");
    let log = server.process.stderr.text();
    assert_eq!(log.matches("cannot accept").count(), 1, "{log}");

    drop(callers);
    // First the last of the waiting clients must have been accepted and closed.
    server.assert_nothing_left();
    server.assert_alive(upper_case_client);
    let _held: Vec<TcpStream> = (0..20).map(|_| net::connect(server.addr())).collect();
    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
}

#[test]
fn a_server_without_a_thread_refuses_the_client_and_recovers() {
    let Some(user) = Unprivileged::new("tcp-server", "a server out of threads") else {
        return;
    };
    // One main thread, one for refused streams, one for the log, and two for connections.
    let mut server = Server::start(user.with_threads(5, &[&ANY_PORT.to_string()]));
    let served: Vec<TcpStream> = (0..2).map(|_| net::connect(server.addr())).collect();
    for stream in &served {
        assert_eq!(net::ask(stream, b"x", 1), b"X");
    }
    for _ in 0..20 {
        let refused = net::connect(server.addr());
        assert_eq!(
            net::read_to_end(&refused, SOON),
            b"error: server cannot start a thread\n"
        );
    }
    for stream in &served {
        assert_eq!(net::ask(stream, b"y", 1), b"Y");
    }
    server
        .process
        .wait_stderr("error: cannot start a thread", SOON);
    let log = server.process.stderr.text();
    assert_eq!(
        log.matches("error: cannot start a thread").count(),
        1,
        "{log}"
    );
    drop(served);
    server.assert_nothing_left();
    server.assert_alive(upper_case_client);
}

#[test]
fn a_server_that_cannot_start_its_own_threads_does_not_start() {
    let Some(user) = Unprivileged::new("tcp-server", "a server without threads") else {
        return;
    };
    let mut process = Process::spawn(user.with_threads(1, &[&ANY_PORT.to_string()]));
    let ended = process.finish(SOON);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stdout, b"");
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        words.contains("error: cannot start the server (thread or process limit reached)"),
        "{words}"
    );
}

#[test]
fn a_full_disk_under_its_log_does_not_stop_a_server() {
    let script = "exec \"$0\" \"$@\" 2>/dev/full";
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .arg(tool.get_program())
        .arg(ANY_PORT.to_string());
    let mut server = Server::start(command);
    server.assert_alive(upper_case_client);
}

/// A message that fills the small buffer asks for a large one. Without memory the connection goes
/// on with the small one.
#[test]
fn a_client_cannot_end_a_server_that_has_no_memory_left() {
    let command = server_command(&["--recv-size", "16MiB", &ANY_PORT.to_string()]);
    let mut server = Server::start(with_address_space(&command, 64 << 20));
    let clients: Vec<TcpStream> = (0..6).map(|_| net::connect(server.addr())).collect();
    for client in &clients {
        assert_eq!(net::ask(client, b"x", 1), b"X");
    }
    for client in &clients {
        assert_eq!(net::ask(client, &[b'a'; 2000], 2000), [b'A'; 2000]);
        assert_eq!(net::ask(client, &[b'b'; 5000], 5000), [b'B'; 5000]);
    }
    assert!(server.process.is_running());
}

#[test]
fn idle_connections_free_their_buffers() {
    const CONNECTIONS: u64 = 200;
    let mut server = super::serve(&[]);
    let pid = server.process.pid();
    let clients: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let client = net::connect(server.addr());
            assert_eq!(net::ask(&client, b"x", 1), b"X");
            client
        })
        .collect();
    let before = procfs::resident_bytes(pid).unwrap();
    let message = vec![b'a'; 128 * 1024];
    for client in &clients {
        thread::scope(|scope| {
            scope.spawn(|| net::send(client, &message));
            net::read_exact(client, message.len(), SOON);
        });
    }
    // Half of the memory of all buffers, so that some noise does not matter.
    let most = before + CONNECTIONS * 32 * 1024;
    let given_back = || (procfs::resident_bytes(pid).unwrap() < most).then_some(());
    assert!(poll(SOON, given_back).is_some(), "{before} before");
    // The connections still work.
    for client in &clients {
        assert_eq!(net::ask(client, &[b'b'; 3000], 3000), [b'B'; 3000]);
    }
    drop(clients);
    server.assert_alive(upper_case_client);
}

/// Here the allocator puts something small after each large buffer, so that it cannot give the
/// memory back. So only few connections may have a large buffer at the same time.
#[test]
fn connections_that_come_one_by_one_share_the_memory_of_their_buffers() {
    const CONNECTIONS: u64 = 600;
    let server = super::serve(&["--quiet"]);
    let pid = server.process.pid();
    let before = procfs::resident_bytes(pid).unwrap();
    let clients: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let client = net::connect(server.addr());
            assert_eq!(net::ask(&client, &[b'a'; 20_000], 20_000), [b'A'; 20_000]);
            client
        })
        .collect();
    // A debug build has some 20 KiB of stack frames for each connection, and a buffer has 64 KiB.
    let most = before + CONNECTIONS * 56 * 1024;
    let is_little = || (procfs::resident_bytes(pid).unwrap() < most).then_some(());
    assert!(poll(SOON, is_little).is_some(), "{before} before");
    drop(clients);
}

/// A pipe without a reader blocks after 64 KiB, like a terminal paused with Ctrl-S. Another process
/// may have made it non-blocking.
#[test]
fn an_unread_log_blocks_neither_serving_nor_stopping() {
    for blocking in ["True", "False"] {
        let folder = TempDir::new();
        let log = folder.join("log");
        let made = Command::new("mkfifo").arg(&log).status().unwrap();
        assert!(made.success());
        let Some(mut command) = python::command("a log that is a pipe") else {
            return;
        };
        let script = format!(
            "import os, sys\nos.dup2(os.open(sys.argv[1], os.O_RDWR), 2)\n\
             os.set_blocking(2, {blocking})\nos.execv(sys.argv[2], sys.argv[2:])"
        );
        command.args(["-c", &script]).arg(&log);
        command.arg(server_command(&[]).get_program());
        command.args(["--stop-on-eof", &ANY_PORT.to_string()]);
        let mut server = Server::start(command);
        let serve = || {
            for _ in 0..2000 {
                let client = net::connect(server.addr());
                assert_eq!(net::ask(&client, b"x", 1), b"X");
            }
        };
        serve();
        // A late reader sees how many lines were dropped.
        let (lines, seen) = mpsc::channel();
        let reader = File::open(&log).unwrap();
        thread::spawn(move || {
            let mut lines_read = BufReader::new(reader).lines().map_while(Result::ok);
            lines_read.try_for_each(|line| lines.send(line))
        });
        let tells = || {
            upper_case_client(server.addr());
            let line = seen.recv_timeout(SOON).unwrap();
            line.contains(" lines dropped here")
        };
        assert!((0..6000).any(|_| tells()), "blocking: {blocking}");
        drop(seen);
        serve();
        server.process.close_stdin();
        assert!(server.process.wait_exit(SOON).success());
    }
}

#[test]
fn closed_standard_streams_do_not_stop_a_server() {
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec \"$0\" \"$@\" <&- 2>&-"])
        .arg(tool.get_program())
        .arg(ANY_PORT.to_string());
    let mut server = Server::start(command);
    server.assert_alive(upper_case_client);
}

/// Without stdout no client could learn the port.
#[test]
fn a_full_disk_under_stdout_stops_a_server_at_once() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let command = server_command(&[&ANY_PORT.to_string()]);
    let mut process = Process::spawn_to(command, Stdio::from(full));
    let ended = process.finish(SOON);
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "error: cannot write to standard output (No space left on device)\n"
    );
}

/// A thread and a buffer can be refused. The small allocations of a connection cannot.
#[test]
fn clients_that_are_more_than_the_memory_carries_are_refused() {
    for kib in [36_800, 39_200, 41_600, 44_000] {
        for size in [10, 2000] {
            let command = server_command(&[&ANY_PORT.to_string()]);
            let command = with_open_files(&with_address_space(&command, kib << 10), 1024);
            let mut server = Server::start(command);
            let message = vec![b'x'; size];
            let ask = || {
                let client = net::connect(server.addr());
                net::send(&client, &message);
                let first = net::read_exact(&client, 1, SOON);
                (client, first)
            };
            let clients: Vec<_> = (0..420).map(|_| ask()).collect();
            let served = clients.iter().filter(|(_, first)| first == b"X").count();
            assert!(
                (100..420).contains(&served),
                "{served}, {kib} KiB, {size} bytes"
            );
            assert!(
                clients
                    .iter()
                    .all(|(_, first)| first == b"X" || first == b"e")
            );
            drop(clients);
            // Their threads need a moment to end, and to free their memory.
            server.assert_nothing_left();
            server.assert_alive(upper_case_client);
        }
    }
}
