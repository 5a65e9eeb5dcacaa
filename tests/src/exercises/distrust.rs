//! Exercise 8: a client against servers that send valid and invalid headers.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::deadline::SOON;
use crate::net;
use crate::process::{self, Process};
use crate::program::Program::{Python, Rust, Tool};

/// A limit on memory, in bytes: more than the client needs, and less than a server may announce.
const MEMORY: u64 = 1 << 30;

/// The longest header that the client has to accept, in bytes.
const LONGEST_HEADER: usize = 64 * 1024;

/// Runs the program against each of them.
pub fn check(program: &Path) {
    let header =
        |size: &str| format!("{{\"filename\": \"a\", \"total_size\": {size}, \"hash\": \"\"}}");
    let answer = |size: &str, body: &[u8]| {
        let header = header(size);
        let length = i32::try_from(header.len()).unwrap().to_le_bytes();
        [&length, header.as_bytes(), body].concat()
    };

    let (mut client, conn) = asked(program);
    // A client that takes one byte for four may close before the last byte.
    let _ = net::send_slowly(&conn, &answer("5", b"hello"), Duration::from_millis(5));
    assert_gives(
        &mut client,
        b"hello",
        &say!("an answer comes byte by byte", "响应一个字节一个字节地来"),
    );

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
        let what = say!(
            "the server is {server:?}, and the command is seq 1000",
            "服务端是 {server:?}，命令是 seq 1000"
        );
        assert_gives(&mut client, numbers.as_bytes(), &what);
    }

    let (mut client, conn) = asked(program);
    net::send(&conn, &answer("0", b""));
    assert_gives(
        &mut client,
        b"",
        &say!(
            "a body is empty, and the server stays",
            "正文是空的，服务端不断开"
        ),
    );

    let (mut client, conn) = asked(program);
    net::send(&conn, &answer("2", b"\xff\0and more"));
    let what = say!(
        "after a body of 2 bytes comes more, and the server stays",
        "正文 2 字节之后还有别的数据，服务端不断开"
    );
    assert_gives(&mut client, b"\xff\0", &what);

    let padded = |length: usize| {
        let header = header("5");
        let header = header.clone() + &" ".repeat(length - header.len());
        let length = i32::try_from(length).unwrap().to_le_bytes();
        [&length, header.as_bytes(), b"hello"].concat()
    };
    let (mut client, conn) = asked(program);
    net::send(&conn, &padded(LONGEST_HEADER));
    let what = say!(
        "a header has 64 KiB, spaces included",
        "报头有 64 KiB，包括空格"
    );
    assert_gives(&mut client, b"hello", &what);

    let whole = answer("5", b"hello");
    for (sent, what) in [
        (
            &b"\xff\xff\xff\xff"[..],
            say!("a header's length is -1", "报头长度是 -1"),
        ),
        (
            b"\xff\xff\xff\x7f{",
            say!("a header's length is 2 GiB", "报头长度是 2 GiB"),
        ),
        (
            &padded(LONGEST_HEADER + 1),
            say!("a header has 64 KiB and a byte", "报头有 64 KiB 加一个字节"),
        ),
        (
            b"\x05\0\0\0hello",
            say!("a header is not JSON", "报头不是 JSON"),
        ),
        (
            b"\x02\0\0\0{}",
            say!("a header has no total_size", "报头里没有 total_size"),
        ),
        (
            &answer("-5", b"hello"),
            say!("total_size is -5", "total_size 是 -5"),
        ),
        (
            &answer("5.0", b"hello"),
            say!("total_size is 5.0", "total_size 是 5.0"),
        ),
        (
            &answer("5e0", b"hello"),
            say!("total_size is 5e0", "total_size 是 5e0"),
        ),
        (
            &answer("\"5\"", b"hello"),
            say!("total_size is a string", "total_size 是字符串"),
        ),
        (
            &answer("18446744073709551621", b"hello"),
            say!("total_size is 2^64 + 5", "total_size 是 2^64 + 5"),
        ),
        (
            &answer("1000000000000000", b"hello"),
            say!(
                "total_size is 10^15, and 5 bytes come",
                "total_size 是 10^15，只来 5 字节"
            ),
        ),
        (
            &whole[..2],
            say!("the server leaves after 2 bytes", "服务端发了 2 字节就断开"),
        ),
        (
            &whole[..20],
            say!(
                "the server leaves within the header",
                "服务端在报头中间断开"
            ),
        ),
        (
            &whole[..whole.len() - 1],
            say!(
                "the server leaves after 4 bytes of 5",
                "服务端发了 5 字节中的 4 个就断开"
            ),
        ),
        (
            b"",
            say!("the server leaves without a word", "服务端什么也没发就断开"),
        ),
    ] {
        let (mut client, conn) = asked(program);
        net::send(&conn, sent);
        drop(conn);
        assert_fails(&mut client, &what);
    }
}

/// Starts a client of this port, with little memory.
fn ask(program: &Path, port: u16) -> Process {
    let mut command = Command::new(program);
    command.arg(port.to_string()).arg("seq 1000");
    Process::spawn(process::with_address_space(&command, MEMORY))
}

/// Starts a client and accepts its connection, after it has sent its command.
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
        "{}",
        say!(
            "{what}: your client should write the body, {} bytes, but it writes {}: \"{}\"; its \
             stderr is \"{}\"",
            "{what}：你的客户端应该输出正文，{} 字节，却输出了 {} 字节：\"{}\"；它的 stderr 是 \"{}\"",
            body.len(),
            done.stdout.len(),
            done.stdout[..done.stdout.len().min(60)].escape_ascii(),
            done.stderr.escape_ascii()
        )
    );
    assert!(
        done.status.success(),
        "{}",
        say!(
            "{what}: your client should succeed, and its stderr is \"{}\"",
            "{what}：你的客户端应该成功结束；它的 stderr 是 \"{}\"",
            done.stderr.escape_ascii()
        )
    );
}

#[track_caller]
fn assert_fails(client: &mut Process, what: &str) {
    let done = finish(client, what);
    assert!(
        done.status.code() == Some(1) && done.stderr.starts_with(b"Error:"),
        "{}",
        say!(
            "{what}: your client should return an error, but it ends with {}, writes \"{}\", and \
             its stderr is \"{}\"",
            "{what}：你的客户端应该返回错误，结果是 {}，输出 \"{}\"，stderr 是 \"{}\"",
            done.status,
            done.stdout[..done.stdout.len().min(60)].escape_ascii(),
            done.stderr.escape_ascii()
        )
    );
}

#[track_caller]
fn finish(client: &mut Process, what: &str) -> Output {
    let ended = client.stdout.wait(SOON, |_, ended| ended.then_some(()));
    if ended.is_none() {
        client.fail(&say!(
            "{what}: your client does not end",
            "{what}：你的客户端不结束"
        ));
    }
    client.finish(SOON)
}
