//! Exercise 11: a server that gets its listener from the program that starts it, and ends when
//! idle.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::{A_MOMENT, SOON};
use crate::net;
use crate::process::Process;
use crate::procfs::cpu_time;

/// How long the server waits for a client. It is longer than the time between two connections here,
/// even on a busy machine.
const IDLE: Duration = Duration::from_secs(2);

/// Starts the server, connects to it, and lets it wait.
pub fn check(program: &Path) {
    let listener = net::listen();
    let addr = listener.local_addr().unwrap();
    let mut command = Command::new(program);
    command.arg(IDLE.as_millis().to_string());
    let mut server = Process::spawn_on_listener(command, listener);

    let line = server.wait_line(SOON);
    if line != format!("listening on {addr}") {
        server.fail(&say!(
            "your server should serve the listener that is its standard input, which listens on \
             {addr}, but it says {line:?}",
            "你的服务端应该用标准输入上的那个监听套接字，它监听在 {addr}，可它说的是 {line:?}"
        ));
    }

    let call = |who: &str| {
        let client = net::connect(addr);
        net::send(&client, b"hello");
        let answered = net::again(|| client.peek(&mut [0]));
        if !matches!(answered, Ok(1..)) {
            server.fail(&say!("{who} has no answer", "{who}没有得到响应"));
        }
        assert_eq!(net::read_exact(&client, 5, SOON), b"HELLO");
    };
    call(&say!("the first client", "第一个客户端"));
    call(&say!("the second client", "第二个客户端"));

    let stays = net::connect(addr);
    assert_eq!(net::ask(&stays, b"hello", 5), b"HELLO");
    thread::sleep(IDLE + A_MOMENT);
    net::send(&stays, b"still here");
    let mut answer = [0; 10];
    let answered = net::again(|| stays.peek(&mut answer));
    if !matches!(answered, Ok(1..)) {
        server.fail(&say!(
            "a client that is connected, and silent for a while, has lost its connection",
            "客户端连着，只是安静了一会儿，连接就断了"
        ));
    }
    drop(stays);
    call(&say!(
        "a client that comes after a long connection",
        "一个长连接断开之后来的客户端"
    ));

    let called = Instant::now();
    let before = cpu_time(server.pid()).unwrap();
    thread::sleep(IDLE / 4);
    let spent = cpu_time(server.pid()).unwrap() - before;
    // A busy loop takes more, even on a busy machine.
    if spent > Duration::from_millis(30) {
        server.fail(&say!(
            "while it waits for a client your server uses the processor: {spent:?} of {:?}",
            "等客户端的时候，你的服务端在消耗 CPU：{:?}里用了 {spent:?}",
            IDLE / 4
        ));
    }

    if !server.is_running() && called.elapsed() < IDLE {
        server.fail(&say!(
            "your server has ended too soon: its last client left a moment ago",
            "你的服务端结束得太早：最后一个客户端刚刚才走"
        ));
    }
    let status = server.wait_exit_or(
        SOON,
        &say!(
            "no client has called for longer than 2s, and your server still waits",
            "超过 2s 没有客户端来，你的服务端还在等"
        ),
    );
    if !status.success() {
        server.fail(&say!(
            "no client has called, and that is not an error",
            "没有客户端来，这不是错误"
        ));
    }
    if server.stdout.next_line(SOON).as_deref() != Some("no client for 2s") {
        server.fail(&say!(
            "your server should print at its end: no client for 2s",
            "你的服务端结束时应该打印：no client for 2s"
        ));
    }
}
