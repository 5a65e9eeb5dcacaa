//! Tests stopping and restarting a server.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::process::assert_ends;
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::signal::Signal;
use cross_process::temp::TempDir;

use super::{PROTOCOLS, assert_alive, runs, serve, server_command};

/// Starts a command, and returns its process ID.
fn pid_of_the_command(conn: &std::net::TcpStream, server: &Server) -> u32 {
    net::send(conn, b"exec sleep 1000");
    assert!(poll(SOON, || runs(server, "sleep").then_some(())).is_some());
    let children = procfs::children(server.process.pid()).unwrap();
    children.iter().find(|c| c.name == "sleep").unwrap().pid
}

#[test]
fn signals_end_an_idle_server_and_a_busy_one_with_its_commands() {
    for (signal, number) in [(Signal::Terminate, 15), (Signal::Interrupt, 2)] {
        for (protocol, busy) in [("raw", false), ("header", true)] {
            let mut server = serve(protocol, &[]);
            let addr = server.addr();
            let conn = net::connect(addr);
            let command = busy.then(|| pid_of_the_command(&conn, &server));
            server.process.signal(signal);
            assert_eq!(server.process.wait_exit(SOON).signal(), Some(number));
            if let Some(command) = command {
                assert_ends(command);
            }
            let mut next = Server::start(server_command(protocol, &[], addr));
            drop(conn);
            assert_alive(&mut next, protocol);
        }
    }
}

/// The reply to `echo hi`.
fn ask(conn: &std::net::TcpStream, protocol: &str) -> Vec<u8> {
    match protocol {
        "length" => {
            assert_eq!(net::ask(conn, b"echo hi", 1), b"3");
            net::ask(conn, b"recv_ready", 3)
        }
        "raw" => net::ask(conn, b"echo hi", 3),
        _ => net::ask(conn, b"echo hi", 121),
    }
}

/// The kernel interrupts a wait that has a timeout.
#[test]
fn a_stopped_server_continues() {
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &[]);
        let conn = net::connect(server.addr());
        assert!(!ask(&conn, protocol).is_empty());
        let mut halt = || {
            server.process.halt();
            server.process.signal(Signal::Continue);
        };
        halt();
        if protocol == "length" {
            assert_eq!(net::ask(&conn, b"echo hi", 1), b"3");
            halt();
            assert_eq!(net::ask(&conn, b"recv_ready", 3), b"hi\n");
        } else {
            assert!(ask(&conn, protocol).ends_with(b"hi\n"));
        }
        drop(conn);
        assert_alive(&mut server, protocol);
    }
}

#[test]
fn the_end_of_stdin_lets_a_server_finish_its_commands() {
    let dir = TempDir::new();
    for protocol in PROTOCOLS {
        let mut server = serve(protocol, &["--stop-on-eof", "--grace", "5s"]);
        let addr = server.addr();
        let fifo = dir.join(protocol);
        let command = format!("mkfifo {0}; read x <{0}; echo done", fifo.display());
        let mut client = super::start(protocol, addr, &[], &command);
        assert!(poll(SOON, || fifo.exists().then_some(())).is_some());
        server.process.close_stdin();
        server
            .process
            .wait_stderr("standard input ended, stopping", SOON);
        // Opened for reading, too, so that this does not block if the command has ended.
        let mut go_on = fs::File::options()
            .read(true)
            .write(true)
            .open(&fifo)
            .unwrap();
        go_on.write_all(b"\n").unwrap();
        assert_eq!(super::shown(client.finish(SOON)), "done\n");
        assert_eq!(server.process.wait_exit(SOON).code(), Some(0));
        assert!(std::net::TcpStream::connect(addr).is_err());
    }
}

#[test]
fn a_command_that_outlives_the_grace_is_ended_by_the_guardian() {
    let mut server = serve("header", &["--stop-on-eof", "--grace", "100ms"]);
    let conn = net::connect(server.addr());
    let command = pid_of_the_command(&conn, &server);
    server.process.close_stdin();
    assert_eq!(server.process.wait_exit(SOON).code(), Some(0));
    assert_ends(command);
}
