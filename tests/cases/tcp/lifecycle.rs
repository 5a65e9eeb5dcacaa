//! Tests starting, stopping and restarting.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::unprivileged::Unprivileged;
use super::{client_command, serve, server_command, upper_case_client};

#[track_caller]
fn serve_again(addr: SocketAddr) -> Server {
    Server::start(server_command(&[&addr.to_string()]))
}

#[test]
fn signals_end_a_server_at_once_and_its_port_is_free() {
    for (signal, number) in [(Signal::Terminate, 15), (Signal::Interrupt, 2)] {
        for busy in [false, true] {
            let mut server = serve(&[]);
            let held = busy.then(|| {
                let stream = net::connect(server.addr());
                assert_eq!(net::ask(&stream, b"x", 1), b"X");
                // More than it can answer, because the client does not read.
                net::send(&stream, &[b'x'; 100_000]);
                stream
            });
            server.process.signal(signal);
            assert_eq!(server.process.wait_exit(SOON).signal(), Some(number));
            let mut next = serve_again(server.addr());
            drop(held);
            next.assert_alive(upper_case_client);
        }
    }
}

/// The server closes first, so that the TIME_WAIT is on its port.
#[test]
fn a_server_can_start_again_at_once_after_serving() {
    let mut server = serve(&["--idle-timeout", "50ms"]);
    let addr = server.addr();
    for _ in 0..5 {
        let stream = net::connect(addr);
        assert_eq!(net::ask(&stream, b"x", 1), b"X");
        assert_eq!(net::read_to_end(&stream, SOON), b"");
        drop(stream);
        // The kernel may need a moment.
        let waits = || procfs::in_time_wait(addr.port()).unwrap().then_some(());
        assert!(poll(SOON, waits).is_some(), "no TIME_WAIT");
        server.process.signal(Signal::Terminate);
        server.process.wait_exit(SOON);
        let mut command = server_command(&["--idle-timeout", "50ms"]);
        command.arg(addr.to_string());
        server = Server::start(command);
    }
    server.assert_alive(upper_case_client);
}

#[test]
fn the_end_of_stdin_stops_an_idle_server_at_every_kind_of_endpoint() {
    for endpoint in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
        let mut process = Process::spawn(server_command(&["--stop-on-eof", endpoint]));
        let Some(line) = process.stdout.next_line(SOON) else {
            assert!(endpoint.starts_with('['), "only IPv6 may be missing");
            super::skip(endpoint, "no IPv6");
            continue;
        };
        assert!(line.starts_with("listening on "), "{line}");
        let ended = process.finish(SOON);
        assert!(ended.status.success(), "{endpoint}");
        let log = process.stderr.text();
        assert!(log.contains("standard input ended, stopping"), "{log}");
    }
}

/// The kernel stops a background job that reads its terminal: one that was started there, or one
/// that Ctrl-Z and `bg` have put there.
#[test]
fn a_server_that_is_a_background_job_serves() {
    let tool = server_command(&[]);
    let tool = tool.get_program().display();
    for line in [
        format!("set -m; {tool} --stop-on-eof 127.0.0.1:0 & cat"),
        format!("set -m; {tool} --stop-on-eof 127.0.0.1:0; bg; echo went on; cat"),
    ] {
        let mut command = Command::new("script");
        command.env("SHELL", "/bin/bash");
        command.args(["-qec", &line, "/dev/null"]);
        let mut terminal = Process::spawn(command);
        let listening = loop {
            let line = terminal.wait_line(SOON);
            if let Some((_, endpoint)) = line.split_once("listening on ") {
                break endpoint.trim().to_owned();
            }
        };
        if line.contains("bg") {
            upper_case_client(listening.parse().unwrap());
            terminal.send(b"\x1a");
            terminal.wait_stdout("went on", SOON);
        }
        for _ in 0..3 {
            upper_case_client(listening.parse().unwrap());
            // It is stopped as soon as it reads, which is not a moment that can be waited for.
            std::thread::sleep(Duration::from_millis(300));
        }
        terminal.signal(Signal::Kill);
        // Without its terminal there is no stdin, and the server ends.
        let ended = || TcpStream::connect(&listening).is_err().then_some(());
        assert!(poll(SOON, ended).is_some());
    }
}

#[test]
fn without_the_flag_the_end_of_stdin_is_ignored() {
    let mut server = serve(&[]);
    server.process.close_stdin();
    server.assert_alive(upper_case_client);
}

#[test]
fn a_stdin_that_has_already_ended_stops_the_server() {
    let tool = server_command(&[]);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec \"$0\" \"$@\" </dev/null"])
        .arg(tool.get_program())
        .args(["--stop-on-eof", "127.0.0.1:0"]);
    assert!(Process::spawn(command).wait_exit(SOON).success());
}

/// Bytes on stdin do not stop the server. At the end of stdin, a sending client gets the replies to
/// all bytes that the server has received, and then the end of the stream.
#[test]
fn a_stopping_server_answers_what_it_has_received_and_nothing_more() {
    let mut server = serve(&["--stop-on-eof", "--grace", "8s"]);
    let addr = server.addr();
    let stream = net::connect(addr);
    assert_eq!(net::ask(&stream, b"x", 1), b"X");
    server.process.send(&[b'\n'; 100_000]);
    assert_eq!(net::ask(&stream, b"y", 1), b"Y");
    // The server is stopped by SIGSTOP, so the bytes wait in the socket buffers.
    server.process.halt();
    net::send(&stream, &[b'a'; 50_000]);
    server.process.close_stdin();
    server.process.signal(Signal::Continue);
    let rest = net::read_to_end(&stream, SOON);
    assert!(rest.iter().all(|&byte| byte == b'A'));
    assert_eq!(rest.len(), 50_000);
    assert!(server.process.wait_exit(SOON).success());
    assert!(TcpStream::connect(addr).is_err());
    let log = server.process.stderr.text();
    assert!(log.contains("standard input ended, stopping"), "{log}");
    assert!(!log.contains("still open"), "{log}");
}

/// An idle client must not cost the whole grace.
#[test]
fn idle_connections_see_the_end_at_once_when_a_server_stops() {
    let mut server = serve(&["--stop-on-eof", "--grace", "1m"]);
    let streams: Vec<_> = (0..3).map(|_| net::connect(server.addr())).collect();
    for stream in &streams {
        assert_eq!(net::ask(stream, b"x", 1), b"X");
    }
    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
    for stream in &streams {
        assert_eq!(net::read_to_end(stream, SOON), b"");
    }
}

/// The client does not read its reply, so the handler cannot finish. A Unix-domain socket has
/// smaller buffers than TCP, which do not grow.
#[test]
fn a_connection_still_open_after_the_grace_is_closed_and_logged() {
    let folder = TempDir::new();
    let path = folder.join("socket");
    let endpoint = format!("unix:{}", path.display());
    let words = ["--stop-on-eof", "--grace", "200ms", &endpoint];
    let mut server = Server::start(server_command(&words));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    while stream.write(&[b'x'; 64 * 1024]).is_ok() {}
    server.process.close_stdin();
    assert!(server.process.wait_exit(SOON).success());
    server
        .process
        .wait_stderr("connections still open after 200ms: 1", SOON);
}

/// `localhost` has two addresses on many machines, and a client may try either.
#[test]
fn every_address_of_a_name_is_served() {
    let mut server = Process::spawn(server_command(&["--stop-on-eof", "localhost:0"]));
    let first = server.wait_line(SOON);
    let port = first.rsplit(':').next().unwrap().to_owned();
    let addresses = ("localhost", 0).to_socket_addrs().unwrap();
    let mut served = 0;
    for mut address in addresses {
        address.set_port(port.parse().unwrap());
        let Ok(stream) = TcpStream::connect(address) else {
            assert!(TcpListener::bind((address.ip(), 0)).is_err(), "{address}");
            continue;
        };
        assert_eq!(net::ask(&stream, b"x", 1), b"X");
        served += 1;
    }
    assert!(served > 0);
    server.close_stdin();
    assert!(server.wait_exit(SOON).success());
}

/// Far more clients than the backlog: none may wait in a queue for ever after the listener's end.
#[test]
fn clients_in_the_queue_of_a_stopping_server_do_not_hang() {
    let mut server = serve(&["--stop-on-eof", "--grace", "100ms", "--quiet"]);
    server.process.halt();
    let waiting: Vec<_> = (0..100).map(|_| net::connect(server.addr())).collect();
    server.process.close_stdin();
    server.process.signal(Signal::Continue);
    assert!(server.process.wait_exit(SOON).success());
    for stream in &waiting {
        // An end or a reset are both fine.
        let _ = std::io::Read::read(&mut &*stream, &mut [0]).map_err(|error| {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
        });
    }
}

#[test]
fn a_port_in_use_is_an_error_and_its_server_still_works() {
    let mut server = serve(&[]);
    let mut second = Process::spawn(server_command(&[server.endpoint()]));
    let ended = second.finish(SOON);
    assert_eq!((ended.status.code(), ended.stdout), (Some(1), vec![]));
    second.wait_stderr("is already in use (by a running server, or by", SOON);
    server.assert_alive(upper_case_client);
}

/// A client accepts every port from 1 to 65535: connecting may fail, but it is not a usage error.
#[test]
fn valid_ports_are_accepted() {
    for port in ["1", "22", "080", "65535"] {
        let addr = format!("127.0.0.1:{port}");
        let words = [
            "--send",
            "x",
            "--timeout",
            "300ms",
            "--connect-timeout",
            "1s",
            &addr,
        ];
        let mut client = Process::spawn(client_command(&words));
        let status = client.finish(SOON).status.code();
        assert!(
            matches!(status, Some(0 | 1)),
            "{port}: {}",
            client.stderr.text()
        );
    }
}

#[test]
fn a_privileged_port_is_refused_with_a_hint() {
    let lowest = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let what = "a privileged port";
    if lowest.is_ok_and(|port| port.trim() != "1024") {
        return super::skip(what, "every user may bind it here");
    }
    let Some(user) = Unprivileged::new("tcp-server", what) else {
        return;
    };
    let mut process = Process::spawn(user.command(&["127.0.0.1:1"]));
    assert_eq!(process.finish(SOON).status.code(), Some(1));
    assert_eq!(
        process.stderr.text(),
        "error: cannot listen on 127.0.0.1:1 (permission denied); ports below 1024 need \
         privileges; choose one from 1024 to 65535\n"
    );
}
