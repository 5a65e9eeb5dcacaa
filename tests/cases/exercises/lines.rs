//! Exercise 6: messages that stick together, and messages that come in pieces.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;
use cross_process::server::Server;

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

/// The answer that must come now, though no more is sent.
#[track_caller]
fn expect(mut conn: &TcpStream, answer: &[u8], what: &str) {
    let mut came = Vec::new();
    // Byte by byte, so that a wrong answer is found where it goes wrong, and not after a wait for
    // the rest of it.
    while came.len() < answer.len() && answer.starts_with(&came) {
        let mut byte = [0];
        match net::again(|| conn.read(&mut byte)) {
            Ok(1) => came.push(byte[0]),
            _ => break,
        }
    }
    finding(&came, answer, what);
}

#[track_caller]
fn finding(came: &[u8], answer: &[u8], what: &str) {
    let but = match came {
        _ if answer.starts_with(came) => "it stops after",
        _ => "it begins with",
    };
    assert!(
        came == answer,
        "{what}: your server should answer \"{}\", but {but} \"{}\"",
        shown(answer),
        shown(came),
    );
}

fn shown(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    match text.get(..60) {
        Some(start) => format!("{start}..."),
        None => text,
    }
}
