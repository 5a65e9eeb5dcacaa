//! Exercise 12: a DICT client against several kinds of servers.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::deadline::SOON;
use crate::net;
use crate::process::Process;

const HELLO: &str = "220 dict.example.com <auth.mime> <1@example.com>\r\n";
const ONE: &str = "150 1 definitions found\r\n151 \"owl\" b \"Birds\"\r\na bird\r\n.\r\n250 ok\r\n";

/// Runs the program against each of them.
pub fn check(program: &Path) {
    let what = say!("there is one definition", "有一条释义");
    assert_prints(program, &what, ONE, "a bird\n");

    let two = "150 2 definitions found\r\n151 \"owl\" b \"Birds\"\r\na bird\r\n\r\n of the night\r\n.\r\n\
               151 \"owl\" w \"Words\"\r\n250 cries a night\r\n151\r\n552\r\n.\r\n250 ok\r\n";
    let shown = "a bird\n\n of the night\n250 cries a night\n151\n552\n";
    let what = say!(
        "there are two definitions, and lines in them that look like replies",
        "有两条释义，其中有几行看起来像响应码"
    );
    assert_prints(program, &what, two, shown);

    let dots = ONE.replace("a bird", "..\r\n...\r\n..net\r\nnot .\r\n");
    let what = say!(
        "lines of the definition begin with dots",
        "释义里有几行以点开头"
    );
    assert_prints(program, &what, &dots, ".\n..\n.net\nnot .\n\n");

    let none = "552 no match\r\n";
    let what = say!("no dictionary has the word", "词典里没有这个词");
    assert_prints(program, &what, none, "");

    let (client, _conn) = asked(program, "550 no such book\r\n");
    assert_fails(
        client,
        &say!(
            "the server says 550, which is an error",
            "服务端响应 550，这是错误"
        ),
    );

    let (client, _conn) = asked(program, &ONE.replace("250 ok", "420 closing"));
    assert_fails(
        client,
        &say!(
            "after a definition the server says 420, not 250",
            "释义之后服务端响应的是 420，不是 250"
        ),
    );

    for (cut, what) in [
        (
            "150 1 def",
            say!(
                "the server leaves in the middle of its first line",
                "服务端在第一行中间断开"
            ),
        ),
        (
            "a bird\r\n",
            say!(
                "the server leaves within a definition",
                "服务端在释义中间断开"
            ),
        ),
        (
            ".\r\n",
            say!(
                "the server leaves after a definition, with no 250",
                "服务端发完释义，没发 250 就断开"
            ),
        ),
    ] {
        let (sent, _) = ONE.split_once(cut).unwrap();
        let (client, conn) = asked(program, &format!("{sent}{cut}"));
        drop(conn);
        assert_fails(client, &what);
    }
}

/// Starts a client that has sent its question, and sends it this reply.
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
    // Sent in two pieces, as a network may deliver them.
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
        client.fail(&say!(
            "{what}: your client should print {expected:?}, not {shown:?}",
            "{what}：你的客户端应该打印 {expected:?}，而不是 {shown:?}"
        ));
    }
    if !finished.status.success() {
        client.fail(&say!(
            "{what}: your client should end without an error",
            "{what}：你的客户端应该正常结束，不报错"
        ));
    }
    if net::read_to_end(&conn, SOON) != b"QUIT\r\n" {
        client.fail(&say!(
            "{what}: your client ends without QUIT, or sends more",
            "{what}：你的客户端没发 QUIT 就结束了，或者多发了别的"
        ));
    }
}

#[track_caller]
fn assert_fails(mut client: Process, what: &str) {
    if client.finish(SOON).status.success() {
        client.fail(&say!(
            "{what}, and your client ends as if all were well",
            "{what}，你的客户端却像一切正常那样结束了"
        ));
    }
}
