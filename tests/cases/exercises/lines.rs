//! Exercise 6: messages that stick together, and messages that come in pieces.

use std::path::Path;
use std::process::Command;
use std::thread;

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::server::Server;

use super::answer::{expect, finding};

/// Plays one client after the other to the program.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("0");
    let server = Server::start(command);
    let call = || {
        let conn = net::connect(server.addr());
        conn.set_nodelay(true).unwrap();
        conn
    };

    let conn = call();
    net::send(&conn, b"hello\n");
    expect(&conn, b"[hello]\n", "a line comes alone");

    net::send(&conn, b"hello\nworld\n\n");
    let expected = b"[hello]\n[world]\n[]\n";
    expect(
        &conn,
        expected,
        "three lines come at once, the last one empty",
    );

    net::send(&conn, b"a\nb");
    expect(
        &conn,
        b"[a]\n",
        "a line comes with the beginning of the next",
    );
    net::send(&conn, b"c\n");
    expect(&conn, b"[bc]\n", "and then its end");

    for piece in ["w", "or", "ld"] {
        net::send(&conn, piece.as_bytes());
        thread::sleep(A_MOMENT / 5);
    }
    net::send(&conn, b"\n");
    expect(&conn, b"[world]\n", "a line comes in four pieces");

    let long = [b'x'; 5000];
    net::send(&conn, &[&long[..], b"\nlast\n"].concat());
    let expected = [b"[", &long[..], b"]\n[last]\n"].concat();
    expect(&conn, &expected, "a line has 5000 bytes");

    net::send(&conn, b"\xe5\x95");
    thread::sleep(A_MOMENT / 5);
    net::send(&conn, b"\x8a\xff\r\n");
    let expected = b"[\xe5\x95\x8a\xff\r]\n";
    expect(
        &conn,
        expected,
        "a line is not text, and comes cut within a character",
    );

    net::send(&conn, b"no end");
    net::half_close(&conn);
    let rest = net::read_to_end(&conn, SOON);
    finding(&rest, b"", "a client leaves within a line");

    let conn = call();
    net::send(&conn, b"fresh\n");
    expect(&conn, b"[fresh]\n", "another client comes after that");
}
