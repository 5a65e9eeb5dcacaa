//! Exercise 6: sticky and split messages.

use std::path::Path;
use std::process::Command;
use std::thread;

use crate::deadline::{A_MOMENT, SOON};
use crate::net;
use crate::server::Server;

use super::answer::{expect, finding};

/// Runs one client after the other against the program.
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
    expect(
        &conn,
        b"[hello]\n",
        &say!("a line comes alone", "一次只来一行"),
    );

    net::send(&conn, b"hello\nworld\n\n");
    let expected = b"[hello]\n[world]\n[]\n";
    expect(
        &conn,
        expected,
        &say!(
            "three lines come at once, the last one empty",
            "一次来三行，最后一行是空的"
        ),
    );

    net::send(&conn, b"a\nb");
    expect(
        &conn,
        b"[a]\n",
        &say!(
            "a line comes with the beginning of the next",
            "一行连着下一行的开头一起来"
        ),
    );
    net::send(&conn, b"c\n");
    expect(
        &conn,
        b"[bc]\n",
        &say!("and then its end", "然后是它的后半行"),
    );

    for piece in ["w", "or", "ld"] {
        net::send(&conn, piece.as_bytes());
        thread::sleep(A_MOMENT / 5);
    }
    net::send(&conn, b"\n");
    expect(
        &conn,
        b"[world]\n",
        &say!("a line comes in four pieces", "一行分四次到达"),
    );

    let long = [b'x'; 5000];
    net::send(&conn, &[&long[..], b"\nlast\n"].concat());
    let expected = [b"[", &long[..], b"]\n[last]\n"].concat();
    expect(
        &conn,
        &expected,
        &say!("a line has 5000 bytes", "一行有 5000 字节"),
    );

    net::send(&conn, b"\xe5\x95");
    thread::sleep(A_MOMENT / 5);
    net::send(&conn, b"\x8a\xff\r\n");
    let expected = b"[\xe5\x95\x8a\xff\r]\n";
    expect(
        &conn,
        expected,
        &say!(
            "a line is not text, and comes cut within a character",
            "一行不是文本，还在一个字符中间被切开"
        ),
    );

    net::send(&conn, b"no end");
    net::half_close(&conn);
    let rest = net::read_to_end(&conn, SOON);
    finding(
        &rest,
        b"",
        &say!("a client leaves within a line", "客户端在一行中间断开"),
    );

    let conn = call();
    net::send(&conn, b"fresh\n");
    expect(
        &conn,
        b"[fresh]\n",
        &say!("another client comes after that", "之后又来一个客户端"),
    );
}
