//! Exercise 8: servers whose answers have a header, and what else may come in its place.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::{self, Process};
use cross_process::program::Program::{Python, Rust, Tool};

/// More than the client needs, and less than somebody may announce.
const MEMORY: u64 = 1 << 30;

/// Plays them to the program.
pub fn check(program: &Path) {
    let header =
        |size: &str| format!("{{\"filename\": \"a\", \"total_size\": {size}, \"hash\": \"\"}}");
    let answer = |size: &str, body: &[u8]| {
        let header = header(size);
        let length = i32::try_from(header.len()).unwrap().to_le_bytes();
        [&length, header.as_bytes(), body].concat()
    };

    let (mut client, conn) = asked(program);
    // A client that takes one byte for four may have left before the last one.
    let _ = net::send_slowly(&conn, &answer("5", b"hello"), Duration::from_millis(5));
    assert_gives(&mut client, b"hello", "an answer comes byte by byte");

    for server in [
        Rust("header_server"),
        Python("header_server"),
        Tool("exec-server", &["--no-auth", "--protocol", "header"]),
    ] {
        let Some(running) = server.serve() else {
            continue;
        };
        let mut client = ask(program, running.addr().port());
        let numbers: String = (1..=1000).map(|number| format!("{number}\n")).collect();
        let what = format!("the server is {server:?}, and the command is seq 1000");
        assert_gives(&mut client, numbers.as_bytes(), &what);
    }

    let (mut client, conn) = asked(program);
    net::send(&conn, &answer("0", b""));
    assert_gives(&mut client, b"", "a body is empty, and the server stays");

    let (mut client, conn) = asked(program);
    net::send(&conn, &answer("2", b"\xff\0and more"));
    let what = "behind a body of 2 bytes comes more, and the server stays";
    assert_gives(&mut client, b"\xff\0", what);

    let whole = answer("5", b"hello");
    for (sent, what) in [
        (&b"\xff\xff\xff\xff"[..], "a header's length is -1"),
        (b"\xff\xff\xff\x7f{", "a header's length is 2 GiB"),
        (b"\x05\0\0\0hello", "a header is not JSON"),
        (b"\x02\0\0\0{}", "a header has no total_size"),
        (&answer("-5", b"hello"), "total_size is -5"),
        (&answer("5.0", b"hello"), "total_size is 5.0"),
        (&answer("5e0", b"hello"), "total_size is 5e0"),
        (&answer("\"5\"", b"hello"), "total_size is a string"),
        (
            &answer("18446744073709551621", b"hello"),
            "total_size is 2^64 + 5",
        ),
        (
            &answer("1000000000000000", b"hello"),
            "total_size is 10^15, and 5 bytes come",
        ),
        (&whole[..2], "the server leaves after 2 bytes"),
        (&whole[..20], "the server leaves within the header"),
        (
            &whole[..whole.len() - 1],
            "the server leaves after 4 bytes of 5",
        ),
        (b"", "the server leaves without a word"),
    ] {
        let (mut client, conn) = asked(program);
        net::send(&conn, sent);
        drop(conn);
        assert_fails(&mut client, what);
    }
}

/// A client of this port, with little memory.
fn ask(program: &Path, port: u16) -> Process {
    let mut command = Command::new(program);
    command.arg(port.to_string()).arg("seq 1000");
    Process::spawn(process::with_address_space(&command, MEMORY))
}

/// A client that has asked the test.
fn asked(program: &Path) -> (Process, TcpStream) {
    let listener = net::listen();
    let client = ask(program, listener.local_addr().unwrap().port());
    let conn = net::accept(&listener);
    conn.set_nodelay(true).unwrap();
    net::read_exact(&conn, "seq 1000".len(), SOON);
    (client, conn)
}

#[track_caller]
fn assert_gives(client: &mut Process, body: &[u8], what: &str) {
    let done = finish(client, what);
    assert!(
        done.stdout == body,
        "{what}: your client should write the body, {} bytes, but it writes {}: \"{}\"; its stderr \
         is \"{}\"",
        body.len(),
        done.stdout.len(),
        done.stdout[..done.stdout.len().min(60)].escape_ascii(),
        done.stderr.escape_ascii()
    );
    assert!(
        done.status.success(),
        "{what}: your client should succeed, and its stderr is \"{}\"",
        done.stderr.escape_ascii()
    );
}

#[track_caller]
fn assert_fails(client: &mut Process, what: &str) {
    let done = finish(client, what);
    assert!(
        done.status.code() == Some(1) && done.stderr.starts_with(b"Error:"),
        "{what}: your client should return an error, but {} and it writes \"{}\"; its stderr is \
         \"{}\"",
        done.status,
        done.stdout[..done.stdout.len().min(60)].escape_ascii(),
        done.stderr.escape_ascii()
    );
}

#[track_caller]
fn finish(client: &mut Process, what: &str) -> Output {
    let ended = client.stdout.wait(SOON, |_, ended| ended.then_some(()));
    if ended.is_none() {
        client.fail(&format!("{what}: your client does not end"));
    }
    client.finish(SOON)
}
