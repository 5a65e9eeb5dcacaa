//! Exercise 7: messages that have their length in front of them, however they come.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process;
use cross_process::server::Server;

use super::answer::{expect, finding};

/// More than the server needs, and less than somebody may announce.
const MEMORY: u64 = 1 << 30;

/// Plays one client after the other to the program.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("0");
    // Who makes room for what is only announced has no room for it.
    let mut server = Server::start(process::with_address_space(&command, MEMORY));
    let call = |server: &Server| {
        let conn = net::connect(server.addr());
        conn.set_nodelay(true).unwrap();
        conn
    };

    let conn = call(&server);
    net::send(&conn, b"5\nhello");
    expect(&conn, b"5\nHELLO", "a message comes alone");

    // A server that takes the first digit for all of it may have left before the last one.
    let _ = net::send_slowly(&conn, b"12\nslow message", Duration::from_millis(10));
    expect(&conn, b"12\nSLOW MESSAGE", "a message comes byte by byte");

    net::send(&conn, b"2\nhi0\n3\na\nb");
    let expected = b"2\nHI0\n3\nA\nB";
    let what = "three messages come at once: hi, an empty one, and one with a line end in it";
    expect(&conn, expected, what);

    let long = vec![b'x'; 1 << 20];
    net::send(&conn, &[&b"1048576\n"[..], &long].concat());
    let expected = [b"1048576\n", &long.to_ascii_uppercase()[..]].concat();
    expect(&conn, &expected, "a message has 1 MiB");

    net::send(&conn, b"3\n\xe5\x95\x8a");
    expect(&conn, b"3\n\xe5\x95\x8a", "a message is not ASCII");

    drop(conn);
    for (sent, what) in [
        (&b"5\nhel"[..], "a client leaves within a message"),
        (b"5", "a client leaves within a length"),
        (
            b"1000000000000000000\nhel",
            "a client announces 10^18 bytes, sends 3, and leaves",
        ),
    ] {
        let conn = call(&server);
        net::send(&conn, sent);
        // An error if the server has gone already, which is found out below.
        let _ = conn.shutdown(Shutdown::Write);
        assert_refused(&mut server, &conn, what);
    }
    let digits = [b'1'; 100];
    for (sent, what) in [
        (&b"five\nhello"[..], "a length is no number"),
        (b"-5\nhello", "a length is negative"),
        (b"+5\nhello", "a length has a sign"),
        (b"\nhello", "a length has no digits"),
        (b"99999999999999999999\n", "a length is more than 2^64"),
        (&digits, "a length has 100 digits and no end"),
    ] {
        let conn = call(&server);
        net::send(&conn, sent);
        assert_refused(&mut server, &conn, what);
    }
}

/// The server ends this connection, reports an error of it and of no other before it, and goes on.
#[track_caller]
fn assert_refused(server: &mut Server, mut conn: &TcpStream, what: &str) {
    let mut answer = Vec::new();
    let end = net::again(|| conn.read_to_end(&mut answer));
    if !server.process.is_running() {
        server
            .process
            .fail(&format!("{what}: your server has ended"));
    }
    finding(&answer, b"", what);
    match end {
        Ok(_) => {}
        // The server has not read all of it.
        Err(why) if why.kind() == ErrorKind::ConnectionReset => {}
        Err(_) => panic!("{what}: your server should close the connection"),
    }
    let client = conn.local_addr().unwrap().to_string();
    let said = server.process.stdout.next_line(SOON);
    assert!(
        said.as_ref().is_some_and(|line| line.starts_with(&client)),
        "{what}: this is an error, and the end of all other clients so far was none. Your server \
         should return an Err for {client} alone, but it says {said:?}"
    );
    let next = net::connect(server.addr());
    net::send(&next, b"5\nfresh");
    expect(
        &next,
        b"5\nFRESH",
        &format!("another client comes, after {what}"),
    );
}
