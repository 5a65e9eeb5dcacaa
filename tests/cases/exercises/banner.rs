//! Exercise 3: the four servers that a port may have.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::process::Process;

/// Plays the four to the program.
pub fn check(program: &Path) {
    let at = |addr: SocketAddr| {
        let mut command = Command::new(program);
        command.arg(addr.to_string());
        Process::spawn(command)
    };

    let look = at(net::free_port());
    assert_says(look, "refused", "nobody listens");

    let (look, conn) = called(at);
    net::send_slowly(&conn, b"220 wel", A_MOMENT / 7).unwrap();
    net::send(&conn, b"come\r\n220 and more\r\n");
    assert_says(
        look,
        "banner 220 welcome",
        "the banner comes byte by byte, and more behind it",
    );

    let (look, conn) = called(at);
    net::send(&conn, b"half a li");
    drop(conn);
    assert_says(look, "closed", "the server closes in the middle of a line");

    let (look, conn) = called(at);
    assert_says(look, "silent", "the server says nothing");
    drop(conn);
}

/// A program that has connected.
fn called(start: impl Fn(SocketAddr) -> Process) -> (Process, TcpStream) {
    let listener: TcpListener = net::listen();
    let process = start(listener.local_addr().unwrap());
    let conn = net::accept(&listener);
    (process, conn)
}

#[track_caller]
fn assert_says(mut look: Process, expected: &str, server: &str) {
    let said = match look.stdout.next_line(SOON) {
        Some(line) => format!("said {line:?}"),
        None => format!("said nothing for {SOON:?}, or ended without a word"),
    };
    if said != format!("said {expected:?}") {
        look.fail(&format!(
            "{server}: your program should say {expected:?}, but it {said}"
        ));
    }
    let still = format!("{server}: your program has said so, and should end");
    if !look.wait_exit_or(SOON, &still).success() {
        look.fail(&format!("{server}: the exit status should be 0"));
    }
}
