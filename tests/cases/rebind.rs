//! Restarts a server at once, while old connections are in `TIME_WAIT`.

use cross_process::deadline::{SOON, poll};
use cross_process::net;
use cross_process::procfs;
use cross_process::program::Program::{self, Python, Rust};
use cross_process::server::Server;
use cross_process::signal::Signal;

/// Restarts `program` five times on its first port. The test reads the whole `reply`, because a
/// reset would leave no connection in `TIME_WAIT`.
fn assert_rebinds(program: Program, request: &[u8], reply: &[u8]) {
    eprintln!("{program:?}");
    let Some(mut server) = program.serve() else {
        return;
    };
    let addr = server.addr();
    for _ in 0..5 {
        let conn = net::connect(addr);
        assert_eq!(net::ask(&conn, request, reply.len()), reply);
        // The side that closes first has the TIME_WAIT, so the server must close first.
        server.process.signal(Signal::Kill);
        server.process.wait_exit(SOON);
        assert_eq!(net::read_to_end(&conn, SOON), b"");
        drop(conn);
        let waits = || procfs::in_time_wait(addr.port()).ok()?.then_some(());
        assert!(
            poll(SOON, waits).is_some(),
            "no TIME_WAIT, so nothing is tested"
        );

        let Some(command) = program.command(addr) else {
            return;
        };
        server = Server::start(command);
        assert_eq!(server.addr(), addr);
    }
    assert_eq!(net::ask(&net::connect(addr), request, reply.len()), reply);
}

#[test]
fn tcp_servers_can_bind_their_port_again_at_once() {
    for program in [
        Python("tcp_server"),
        Rust("tcp_server"),
        Python("threading_tcp_server"),
    ] {
        assert_rebinds(program, b"x", b"X");
    }
}

#[test]
fn naive_servers_can_bind_their_port_again_at_once() {
    for program in [Python("exec_naive_server"), Rust("exec_naive_server")] {
        assert_rebinds(program, b"echo x", b"x\n");
    }
}

#[test]
fn length_servers_can_bind_their_port_again_at_once() {
    for program in [Python("length_server"), Rust("length_server")] {
        assert_rebinds(program, b"echo x", b"2");
    }
}

#[test]
fn header_servers_can_bind_their_port_again_at_once() {
    let header = "{\"filename\": \"a.txt\", \"total_size\": 2, \"hash\": \"not computed\"}";
    let reply = [b"\x3e\0\0\0", header.as_bytes(), b"x\n"].concat();
    for program in [Python("header_server"), Rust("header_server")] {
        assert_rebinds(program, b"echo x", &reply);
    }
}
