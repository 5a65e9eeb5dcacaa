//! Exercise 9: a UDP client against several kinds of servers and a stranger.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::deadline::SOON;
use crate::net::{ANY_PORT, again};
use crate::process::Process;

/// The least time between the first question and the fifth, with some tolerance.
const FOUR_WAITS: Duration = Duration::from_millis(1900);

/// Runs the program against each of them.
pub fn check(program: &Path) {
    let ask = |server: &UdpSocket| {
        let mut command = Command::new(program);
        command.arg(server.local_addr().unwrap().to_string());
        command.arg("what time is it?");
        Process::spawn(command)
    };

    let (server, stranger) = (bind(), bind());
    let mut client = ask(&server);
    let addr = question(&server, &client, 1);
    stranger.send_to(b"late!", addr).unwrap();
    server.send_to(b"noon", addr).unwrap();
    let who = say!(
        "a stranger sends b'late!', then the server b'noon'",
        "陌生人先发来 b'late!'，服务端后发来 b'noon'"
    );
    assert_prints(&mut client, "b'noon'", &who);

    let server = bind();
    let mut client = ask(&server);
    let first = question(&server, &client, 1);
    question(&server, &client, 2);
    question(&server, &client, 3);
    server.send_to(b"noon", first).unwrap();
    let who = say!("the server answers the third time", "服务端第三次才响应");
    assert_prints(&mut client, "b'noon'", &who);

    let server = bind();
    let before = Instant::now();
    let mut client = ask(&server);
    for time in 1..=5 {
        question(&server, &client, time);
    }
    let who = say!("the server never answers", "服务端一直不响应");
    assert_fails(&mut client, "TimedOut", &who);
    let waited = before.elapsed();
    if waited < FOUR_WAITS {
        client.fail(&say!(
            "{who}: your client should wait for 500 ms each time, and ends after {waited:?}",
            "{who}：你的客户端每次应该等 500 毫秒，却在 {waited:?} 后就结束了"
        ));
    }
    server.set_nonblocking(true).unwrap();
    if server.recv(&mut [0; 99]).is_ok() {
        client.fail(&say!(
            "your client should ask five times, and has asked a sixth time",
            "你的客户端应该只问五次，却问了第六次"
        ));
    }

    let closed = bind();
    let mut command = Command::new(program);
    command.arg(closed.local_addr().unwrap().to_string());
    drop(closed);
    let mut client = Process::spawn(command);
    assert_fails(
        &mut client,
        "ConnectionRefused",
        &say!("no server is there", "那里没有服务端"),
    );

    for length in [0, 1024, 60_000] {
        let server = bind();
        let mut client = ask(&server);
        let addr = question(&server, &client, 1);
        let answer = "y".repeat(length);
        server.send_to(answer.as_bytes(), addr).unwrap();
        let who = say!(
            "the server answers with {length} bytes",
            "服务端响应 {length} 字节"
        );
        assert_prints(&mut client, &format!("b'{answer}'"), &who);
    }
}

fn bind() -> UdpSocket {
    let socket = UdpSocket::bind(ANY_PORT).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket
}

/// Waits for the question, for the first, second, ... `time`, and returns the client's address.
#[track_caller]
fn question(server: &UdpSocket, client: &Process, time: u32) -> SocketAddr {
    let mut text = [0; 99];
    match again(|| server.recv_from(&mut text)) {
        Ok((length, addr)) if &text[..length] == b"what time is it?" => addr,
        Ok((length, _)) => {
            client.fail(&say!("it has asked {:?}", "它问的是 {:?}", &text[..length]))
        }
        Err(_) => client.fail(&say!(
            "the server has waited for {SOON:?}, and your client has not asked time number {time}",
            "服务端等了 {SOON:?}，你的客户端没有问第 {time} 次"
        )),
    }
}

#[track_caller]
fn assert_prints(client: &mut Process, expected: &str, who: &str) {
    let printed = client.stdout.next_line(SOON).unwrap_or_default();
    if printed != expected {
        let short = |text: &str| text.chars().take(40).collect::<String>();
        let why = say!(
            "{who}: your client should print {}, {} characters; it has printed {}, {} characters\n  \
             its standard error: {:?}",
            "{who}：你的客户端应该打印 {}，{} 个字符；它打印的是 {}，{} 个字符\n  它的 stderr：{:?}",
            short(expected),
            expected.len(),
            short(&printed),
            printed.len(),
            client.stderr.text()
        );
        panic!("{why}");
    }
    let still = say!(
        "{who}: your client has its answer, and should end",
        "{who}：你的客户端已经得到响应，应该结束"
    );
    if !client.wait_exit_or(SOON, &still).success() {
        client.fail(&say!(
            "{who}: the exit status should be 0",
            "{who}：退出状态应该是 0"
        ));
    }
}

#[track_caller]
fn assert_fails(client: &mut Process, kind: &str, who: &str) {
    let still = say!(
        "{who}: your client should end, and is still running",
        "{who}：你的客户端应该结束，却还在运行"
    );
    if client.wait_exit_or(SOON, &still).code() != Some(1) {
        client.fail(&say!(
            "{who}: your client should end with an error, status 1",
            "{who}：你的客户端应该报错退出，退出状态是 1"
        ));
    }
    if client
        .stderr
        .wait(SOON, |_, ended| ended.then_some(()))
        .is_none()
        || !client.stderr.text().contains(kind)
    {
        client.fail(&say!(
            "{who}: your client should end with the error {kind}",
            "{who}：你的客户端应该报 {kind} 错误退出"
        ));
    }
}
