//! Exercise 10: clients that reach a server's limit on connections, and leave in three ways.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use crate::deadline::{SOON, poll};
use crate::net;
use crate::server::Server;

/// Connects them to the program.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("127.0.0.1:0");
    let mut server = Server::start(command);

    let clients = [1, 2, 3].map(|number| match served(&server) {
        Some(client) => client,
        None => server.process.fail(&say!(
            "client {number} is told busy, with {} others there",
            "客户端 {number} 收到 busy，这时只有另外 {} 个客户端",
            number - 1
        )),
    });
    assert_full(&server, &say!("the three are still there", "那三个还在"));

    let [closes, resets, panics] = clients;
    drop(closes);
    let one = assert_room(
        &server,
        &say!("one of the three has closed", "三个之中有一个已经关闭连接"),
    );
    assert_full(
        &server,
        &say!("its place was taken again", "空出来的名额又被占了"),
    );

    net::send(&resets, b"x");
    net::reset(resets);
    let two = assert_room(
        &server,
        &say!(
            "one of the three has reset its connection",
            "三个之中有一个重置了连接"
        ),
    );
    assert_full(
        &server,
        &say!("its place was taken again", "空出来的名额又被占了"),
    );

    net::send(&panics, b"why?");
    let three = assert_room(
        &server,
        &say!(
            "the thread of one of the three has panicked",
            "三个之中有一个的线程 panic 了"
        ),
    );
    assert_full(
        &server,
        &say!("its place was taken again", "空出来的名额又被占了"),
    );

    drop((one, two, three, panics));
    server.lets_go_within = SOON;
    server.assert_nothing_left();
}

/// Connects a client; `None` if the server tells it that it is busy.
fn served(server: &Server) -> Option<TcpStream> {
    let client = net::connect(server.addr());
    net::send(&client, b"hello");
    let mut answer = Vec::new();
    let mut piece = [0; 5];
    // It stops at an end, a reset and a timeout, too, and shows what has come by then.
    while let Ok(count @ 1..) = net::again(|| (&client).read(&mut piece[answer.len()..])) {
        answer.extend_from_slice(&piece[answer.len()..][..count]);
    }
    match &answer[..] {
        b"HELLO" => Some(client),
        b"busy\n" => None,
        other => server.process.fail(&say!(
            "a client has sent b\"hello\" and got b\"{}\", which is neither b\"HELLO\" nor b\"busy\\n\"",
            "客户端发 b\"hello\"，收到 b\"{}\"，既不是 b\"HELLO\"，也不是 b\"busy\\n\"",
            other.escape_ascii()
        )),
    }
}

#[track_caller]
fn assert_full(server: &Server, why: &str) {
    if served(server).is_some() {
        server.process.fail(&say!(
            "a fourth client is served, although {why}",
            "第四个客户端也得到了服务，可是{why}"
        ));
    }
}

#[track_caller]
fn assert_room(server: &Server, why: &str) -> TcpStream {
    // The thread may need a moment to notice.
    match poll(SOON, || served(server)) {
        Some(client) => client,
        None => server.process.fail(&say!(
            "a new client is told busy for {SOON:?}, although {why}",
            "{why}，{SOON:?} 过去了，新客户端收到的仍是 busy"
        )),
    }
}
