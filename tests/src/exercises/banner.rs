//! Exercise 3: a client against the four kinds of servers that a port may have.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::deadline::{A_MOMENT, SOON};
use crate::net;
use crate::process::Process;

/// How long the program may take with a silent server: nearly half a second at least, and not much
/// more even on a busy machine.
const WAIT: Range<Duration> = Duration::from_millis(450)..Duration::from_secs(4);

/// Runs the program against each of the four.
pub fn check(program: &Path) {
    let at = |addr: SocketAddr| {
        let mut command = Command::new(program);
        command.arg(addr.to_string());
        Process::spawn(command)
    };

    let look = at(net::free_port());
    assert_says(
        look,
        "refused",
        &say!("no program listens", "没有程序在监听"),
    );

    let (look, conn) = called(at);
    net::send_slowly(&conn, b"220 wel", A_MOMENT / 7).unwrap();
    net::send(&conn, b"come\r\n220 and more\r\n");
    assert_says(
        look,
        "banner 220 welcome",
        &say!(
            "the banner comes byte by byte, and more after it",
            "banner 一个字节一个字节地来，后面还有别的"
        ),
    );

    let (look, conn) = called(at);
    net::send(&conn, b"half a li");
    drop(conn);
    let what = say!(
        "the server closes in the middle of a line",
        "服务端在一行中间关闭了连接"
    );
    assert_says(look, "closed", &what);

    let before = Instant::now();
    let (look, conn) = called(at);
    let what = say!("the server says nothing", "服务端什么也不发");
    assert_says(look, "silent", &what);
    let waited = before.elapsed();
    assert!(
        WAIT.contains(&waited),
        "{}",
        say!(
            "{what}: your program should wait for half a second, and takes {waited:?}",
            "{what}：你的程序应该等半秒，却用了 {waited:?}"
        )
    );
    drop(conn);
}

/// Starts the program and accepts its connection.
fn called(start: impl Fn(SocketAddr) -> Process) -> (Process, TcpStream) {
    let listener: TcpListener = net::listen();
    let process = start(listener.local_addr().unwrap());
    let conn = net::accept(&listener);
    (process, conn)
}

#[track_caller]
fn assert_says(mut look: Process, expected: &str, server: &str) {
    let line = look.stdout.next_line(SOON);
    if line.as_deref() != Some(expected) {
        let but = match line {
            Some(line) => say!("it prints {line:?}", "它打印的是 {line:?}"),
            None => say!(
                "it ends, or waits for {SOON:?}, and prints nothing",
                "它什么也没打印就结束了，或者等了 {SOON:?} 还没有打印"
            ),
        };
        look.fail(&say!(
            "{server}: your program should print {expected:?}, but {but}",
            "{server}：你的程序应该打印 {expected:?}，可是{but}"
        ));
    }
    let still = say!(
        "{server}: your program has printed that, and should end",
        "{server}：你的程序已经打印了，应该结束"
    );
    if !look.wait_exit_or(SOON, &still).success() {
        look.fail(&say!(
            "{server}: the exit status should be 0",
            "{server}：退出状态应该是 0"
        ));
    }
}
