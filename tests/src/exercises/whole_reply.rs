//! Exercise 2: a client reads the whole reply and nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::deadline::SOON;
use crate::net;
use crate::process::Process;
use crate::program::Program::{Python, Rust};

/// Runs the program against four servers.
pub fn check(program: &Path) {
    for server in [Rust("tcp_server"), Python("tcp_server")] {
        if let Some(server) = server.serve() {
            long_reply(program, server.addr());
        }
    }
    slow_reply(program);
    reply_cut_short(program);
}

fn start(program: &Path, server: SocketAddr) -> Process {
    let mut command = Command::new(program);
    command.arg(server.port().to_string());
    Process::spawn(command)
}

/// A reply that is too long for one read.
fn long_reply(program: &Path, server: SocketAddr) {
    let mut client = start(program, server);
    client.send_line(&"x".repeat(5000));
    let Some(shown) = client.stdout.next_line(SOON) else {
        client.fail(&say!(
            "the server has answered a line of 5000 bytes, and your client shows nothing: does it \
             wait for more than the 5000 that come?",
            "服务端已经响应了一行 5000 字节，你的客户端什么也没显示：来的只有 5000 字节，它是不是还在等更多？"
        ));
    };
    let taken = shown.matches('X').count();
    assert!(
        taken == 5000,
        "{}",
        say!(
            "of the 5000 bytes that answer a line of 5000, your client shows {taken}",
            "一行 5000 字节，响应也是 5000 字节，你的客户端只显示了 {taken} 字节"
        )
    );
    client.send_line("and then");
    let shown = client.wait_line(SOON);
    assert!(
        shown == "b'AND THEN'",
        "{}",
        say!(
            "after the long line, your client shows a wrong reply to `and then`",
            "长的那一行之后，`and then` 的响应显示得不对"
        )
    );
    let finished = client.finish(SOON);
    assert!(
        finished.status.success(),
        "{}",
        say!(
            "when its input ends, your client should end too, without an error",
            "输入结束时，你的客户端也应该结束，而且不报错"
        )
    );
}

/// A reply that arrives byte by byte, as over a slow network.
fn slow_reply(program: &Path) {
    let listener = net::listen();
    let mut client = start(program, listener.local_addr().unwrap());
    client.send_line("slowly");
    let server = net::accept(&listener);
    net::read_exact(&server, "slowly".len(), SOON);
    net::send_slowly(&server, b"SLOWLY", Duration::from_millis(5)).unwrap();
    let shown = client.wait_line(SOON);
    assert!(
        shown == "b'SLOWLY'",
        "{}",
        say!(
            "when a reply arrives byte by byte, your client does not wait for all of it",
            "响应一个字节一个字节地到达时，你的客户端没有等它到齐"
        )
    );
}

/// A server that closes in the middle of a reply.
fn reply_cut_short(program: &Path) {
    let listener = net::listen();
    let mut client = start(program, listener.local_addr().unwrap());
    client.send_line("goodbye");
    let server = net::accept(&listener);
    net::read_exact(&server, "goodbye".len(), SOON);
    net::send(&server, b"GOOD");
    drop(server);
    client.close_stdin(); // a client that takes the part for a reply ends here
    let status = client.wait_exit_or(
        SOON,
        &say!(
            "the server has left after 4 of 7 bytes, and your client goes on waiting for the rest: \
             what does a read give when no more will come?",
            "服务端发了 7 字节中的 4 个就断开了，你的客户端还在等剩下的：不会再有数据时，read 给你什么？"
        ),
    );
    assert!(
        !status.success(),
        "{}",
        say!(
            "the server has left after 4 of 7 bytes, and your client ends as if all were well",
            "服务端发了 7 字节中的 4 个就断开了，你的客户端却像一切正常那样结束了"
        )
    );
}
