//! Exercise 7: messages with their length before them, however the network splits them.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::deadline::{A_MOMENT, SOON, poll};
use crate::net;
use crate::process;
use crate::server::Server;

use super::answer::{expect, finding};

/// A limit on memory, in bytes: more than the server needs, and less than a client may announce.
const MEMORY: u64 = 1 << 30;

/// Runs one client after the other against the program.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("0");
    // A server that allocates what a client only announces is killed by this limit.
    let mut server = Server::start(process::with_address_space(&command, MEMORY));
    let call = |server: &Server| {
        let conn = net::connect(server.addr());
        conn.set_nodelay(true).unwrap();
        conn
    };

    let conn = call(&server);
    net::send(&conn, b"5\nhello");
    expect(
        &conn,
        b"5\nHELLO",
        &say!("a message comes alone", "一次只来一条消息"),
    );

    // A server that takes the first digit for the whole length may close before the last byte.
    let _ = net::send_slowly(&conn, b"12\nslow message", Duration::from_millis(10));
    expect(
        &conn,
        b"12\nSLOW MESSAGE",
        &say!(
            "a message comes byte by byte",
            "一条消息一个字节一个字节地来"
        ),
    );

    net::send(&conn, b"2\nhi0\n3\na\nb");
    let expected = b"2\nHI0\n3\nA\nB";
    let what = say!(
        "three messages come at once: hi, an empty one, and one with a line end in it",
        "一次来三条消息：hi、一条空消息、一条中间带换行的消息"
    );
    expect(&conn, expected, &what);

    let long = vec![b'x'; 1 << 20];
    net::send(&conn, &[&b"1048576\n"[..], &long].concat());
    let expected = [b"1048576\n", &long.to_ascii_uppercase()[..]].concat();
    expect(
        &conn,
        &expected,
        &say!("a message has 1 MiB", "一条消息有 1 MiB"),
    );

    net::send(&conn, b"3\n\xe5\x95\x8a");
    expect(
        &conn,
        b"3\n\xe5\x95\x8a",
        &say!("a message is not ASCII", "消息不是 ASCII"),
    );

    drop(conn);
    for (sent, what) in [
        (
            &b"5\nhel"[..],
            say!("a client leaves within a message", "客户端在消息中间断开"),
        ),
        (
            b"5",
            say!("a client leaves within a length", "客户端在长度中间断开"),
        ),
        (
            b"1000000000000000000\nhel",
            say!(
                "a client announces 10^18 bytes, sends 3, and leaves",
                "客户端声明 10^18 字节，只发 3 字节就断开"
            ),
        ),
    ] {
        let conn = call(&server);
        net::send(&conn, sent);
        // It fails if the server is already gone, which the assertion below finds.
        let _ = conn.shutdown(Shutdown::Write);
        assert_refused(&mut server, &conn, &what);
    }
    let digits = [b'1'; 100];
    for (sent, what) in [
        (
            &b"five\nhello"[..],
            say!("a length is no number", "长度不是数字"),
        ),
        (b"-5\nhello", say!("a length is negative", "长度是负数")),
        (b"+5\nhello", say!("a length has a sign", "长度带正号")),
        (
            b"\nhello",
            say!("a length has no digits", "长度一位数字也没有"),
        ),
        (
            b"99999999999999999999\n",
            say!("a length is more than 2^64", "长度超过 2^64"),
        ),
        (
            &digits,
            say!(
                "a length has 100 digits and no end",
                "长度有 100 位数字，没有结尾"
            ),
        ),
    ] {
        let conn = call(&server);
        net::send(&conn, sent);
        assert_refused(&mut server, &conn, &what);
    }
}

/// The server must close this connection, report its error as the first one, and go on.
#[track_caller]
fn assert_refused(server: &mut Server, mut conn: &TcpStream, what: &str) {
    let mut answer = Vec::new();
    let end = net::again(|| conn.read_to_end(&mut answer));
    finding(&answer, b"", what);
    match end {
        Ok(_) => {}
        // The server closed with unread bytes.
        Err(why) if why.kind() == ErrorKind::ConnectionReset => {}
        Err(_) => {
            let why = say!(
                "{what}: your server should close the connection",
                "{what}：你的服务端应该关闭连接"
            );
            panic!("{why}");
        }
    }
    let client = conn.local_addr().unwrap().to_string();
    let said = server.process.stdout.next_line(SOON).unwrap_or_default();
    let ended = || (!server.process.is_running()).then_some(());
    if said.is_empty() && poll(A_MOMENT, ended).is_some() {
        server.process.fail(&say!(
            "{what}: your server has ended",
            "{what}：你的服务端结束了"
        ));
    }
    assert!(
        said.starts_with(&client),
        "{}",
        say!(
            "{what}: that is an error, and it is the first one. Your server should return an Err \
             for {client} only, but it prints {said:?}",
            "{what}：这是一个错误，而且是第一个。你的服务端应该只为 {client} 返回 Err，可它打印的是 {said:?}"
        )
    );
    let next = net::connect(server.addr());
    net::send(&next, b"5\nfresh");
    expect(
        &next,
        b"5\nFRESH",
        &say!(
            "another client comes, after {what}",
            "之后又来一个客户端（{what}）"
        ),
    );
}
