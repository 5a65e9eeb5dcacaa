//! Tests the check at the end of a server's test.

use std::net::SocketAddr;
use std::process::Command;

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::python;
use cross_process::server::Server;

use super::message_of;

/// A server in Python with a fault that the check must find.
fn faulty_server(fault: &str) -> Option<Server> {
    let script = format!(
        "
import os, socket, threading, time
server = socket.create_server(('127.0.0.1', 0))
print('listening on %s:%d' % server.getsockname(), flush=True)
kept = []
while True:
    conn, _ = server.accept()
    while True:
        data = conn.recv(1024)
        if not data:
            break
        {fault}
        conn.sendall(data.upper())
    conn.close()
"
    );
    let mut command = python::command("a server with a fault")?;
    command.args(["-c", &script]);
    Some(Server::start(command))
}

fn upper_case_client(addr: SocketAddr) {
    assert_eq!(net::ask(&net::connect(addr), b"ping", 4), b"PING");
}

#[test]
fn a_server_without_a_fault_passes_the_check() {
    let Some(mut server) = faulty_server("pass") else {
        return;
    };
    server.assert_alive(upper_case_client);
    server.assert_alive(upper_case_client);
}

/// The check's message for a server with this fault.
fn complaint_about(fault: &str) -> Option<String> {
    let mut server = faulty_server(fault)?;
    server.lets_go_within = A_MOMENT;
    Some(message_of(|| server.assert_alive(upper_case_client)))
}

#[test]
fn a_server_that_keeps_files_or_threads_fails_the_check() {
    for fault in [
        "kept.append(open('/dev/null'))",
        "threading.Thread(target=time.sleep, args=(600,)).start()",
    ] {
        if let Some(message) = complaint_about(fault) {
            assert!(message.contains("at the start, Ok(Vitals"), "{message}");
            assert!(message.contains("zombies: Ok([])"), "{message}");
        }
    }
}

#[test]
fn a_server_that_leaves_zombies_fails_the_check() {
    // If SIGCHLD (17) is ignored, as after some parents, there are no zombies.
    // WNOWAIT waits for the child's end and leaves it a zombie.
    let fault = "__import__('signal').signal(17, 0); child = os.fork() or os._exit(0); \
                 os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)";
    if let Some(message) = complaint_about(fault) {
        assert!(message.contains("state: 'Z'"), "{message}");
    }
}

#[test]
fn a_server_that_hangs_or_answers_wrongly_fails_the_check() {
    for (fault, complaint) in [
        ("time.sleep(600)", "not served within a second"),
        ("data = b'pong'", "not served correctly"),
    ] {
        if let Some(message) = complaint_about(fault) {
            assert!(message.contains(complaint), "{fault}: {message}");
        }
    }
}

#[test]
fn a_server_that_has_ended_fails_the_check() {
    let Some(mut server) = faulty_server("os._exit(0)") else {
        return;
    };
    net::send(&net::connect(server.addr()), b"x");
    server.process.wait_exit(SOON);
    let message = message_of(|| server.assert_alive(upper_case_client));
    assert!(message.contains("the server has ended"), "{message}");
}

#[test]
fn a_process_that_prints_no_endpoint_is_not_a_server() {
    let message = message_of(|| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo start....; cat"]);
        Server::start(command);
    });
    assert!(
        message.contains("does not say where it listens"),
        "{message}"
    );
}
