//! Exercise 12: the servers that a client for DICT may meet.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

const HELLO: &str = "220 dict.example.com <auth.mime> <1@example.com>\r\n";
const ONE: &str = "150 1 definitions found\r\n151 \"owl\" b \"Birds\"\r\na bird\r\n.\r\n250 ok\r\n";

/// Plays them to the program.
pub fn check(program: &Path) {
    assert_prints(program, "there is one definition", ONE, "a bird\n");

    let two = "150 2 definitions found\r\n151 \"owl\" b \"Birds\"\r\na bird\r\n\r\n of the night\r\n.\r\n\
               151 \"owl\" w \"Words\"\r\n250 cries a night\r\n151\r\n552\r\n.\r\n250 ok\r\n";
    let shown = "a bird\n\n of the night\n250 cries a night\n151\n552\n";
    let what = "there are two definitions, and lines in them that look like replies";
    assert_prints(program, what, two, shown);

    let dots = ONE.replace("a bird", "..\r\n...\r\n..net\r\nnot .\r\n");
    let what = "lines of the definition begin with dots";
    assert_prints(program, what, &dots, ".\n..\n.net\nnot .\n\n");

    let none = "552 no match\r\n";
    assert_prints(program, "nobody knows the word", none, "");

    let (client, _conn) = asked(program, "550 no such book\r\n");
    assert_fails(client, "the server says 550, which is an error");

    let (client, _conn) = asked(program, &ONE.replace("250 ok", "420 closing"));
    assert_fails(client, "behind a definition the server says 420, not 250");

    for (cut, what) in [
        (
            "150 1 def",
            "the server leaves in the middle of its first line",
        ),
        ("a bird\r\n", "the server leaves within a definition"),
        (
            ".\r\n",
            "the server leaves behind a definition, with no 250",
        ),
    ] {
        let (sent, _) = ONE.split_once(cut).unwrap();
        let (client, conn) = asked(program, &format!("{sent}{cut}"));
        drop(conn);
        assert_fails(client, what);
    }
}

/// A client that has asked, and has been sent this.
fn asked(program: &Path, reply: &str) -> (Process, TcpStream) {
    let listener = net::listen();
    let mut command = Command::new(program);
    let port = listener.local_addr().unwrap().port().to_string();
    command.args(["127.0.0.1", &port, "owl"]);
    let client = Process::spawn(command);
    let conn = net::accept(&listener);
    net::send(&conn, HELLO.as_bytes());
    let asked = net::read_exact(&conn, "DEFINE * owl\r\n".len(), SOON);
    assert_eq!(String::from_utf8_lossy(&asked), "DEFINE * owl\r\n");
    // In pieces, as from a network.
    let (first, rest) = reply.split_at(reply.len() / 2);
    net::send(&conn, first.as_bytes());
    net::send_slowly(&conn, rest.as_bytes(), Duration::from_millis(1)).ok();
    (client, conn)
}

#[track_caller]
fn assert_prints(program: &Path, what: &str, reply: &str, expected: &str) {
    let (mut client, conn) = asked(program, reply);
    let finished = client.finish(SOON);
    let shown = String::from_utf8_lossy(&finished.stdout);
    if shown != expected {
        client.fail(&format!(
            "{what}: your client should print {expected:?}, not {shown:?}"
        ));
    }
    if !finished.status.success() {
        client.fail(&format!("{what}: your client should end without an error"));
    }
    if net::read_to_end(&conn, SOON) != b"QUIT\r\n" {
        client.fail(&format!(
            "{what}: your client ends without QUIT, or says more"
        ));
    }
}

#[track_caller]
fn assert_fails(mut client: Process, what: &str) {
    if client.finish(SOON).status.success() {
        client.fail(&format!("{what}, and your client ends as if all were well"));
    }
}
