//! Exercise 4: the client must close first, so that it has the TIME_WAIT.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::deadline::{A_MOMENT, SOON, poll};
use crate::net;
use crate::procfs::in_time_wait;
use crate::server::Server;

/// Runs three clients against the program: one that closes after its reply, one that closes without
/// a message, and one that stays connected.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("127.0.0.1:0");
    let server = Server::start(command);
    let addr = server.addr();

    let client = asked(&server, &say!("a client", "客户端"));
    if let Ok(0) = within(A_MOMENT, &client) {
        server.process.fail(&say!(
            "your server closed first, so the TIME_WAIT is on its own port",
            "你的服务端先关闭了连接，所以 TIME_WAIT 在它自己的端口上"
        ));
    }
    let own_port = client.local_addr().unwrap().port();
    drop(client);
    let waits = || in_time_wait(own_port).ok()?.then_some(());
    if poll(SOON, waits).is_none() {
        server.process.fail(&say!(
            "the client closed first, and yet the TIME_WAIT is not on its port",
            "先关闭的是客户端，TIME_WAIT 却不在客户端的端口上"
        ));
    }
    assert!(
        !in_time_wait(addr.port()).unwrap(),
        "{}",
        say!(
            "the client closed first, and yet there is a TIME_WAIT on your server's port",
            "先关闭的是客户端，你的服务端的端口上却有 TIME_WAIT"
        )
    );

    // A server that sleeps for a second, closed or not, takes nine seconds for these.
    let before = Instant::now();
    for _ in 0..10 {
        drop(asked(&server, &say!("a client", "客户端")));
    }
    if before.elapsed() > SOON {
        server.process.fail(&say!(
            "ten clients that close at once take {:?}: your server waits on after a client has closed",
            "十个客户端都马上关闭，一共用了 {:?}：客户端关闭以后，你的服务端还在等",
            before.elapsed()
        ));
    }

    drop(net::connect(addr));
    drop(asked(
        &server,
        &say!(
            "a client after one that left without a word",
            "前一个客户端没发数据就走了，之后的客户端"
        ),
    ));

    let before = Instant::now();
    let stays = asked(&server, &say!("a client that will stay", "不走的客户端"));
    let drips = drip(&stays);
    // The end of the stream, or a reset if the server has not read every byte.
    let _ = net::again(|| stays.peek(&mut [0]));
    let stayed = before.elapsed();
    if stayed < Duration::from_millis(900) {
        server.process.fail(&say!(
            "a client that stays and sends a byte now and then should have a second, and has \
             {stayed:?}",
            "一直不走、时不时发一个字节的客户端应该有一秒，却只有 {stayed:?}"
        ));
    }
    drop(asked(
        &server,
        &say!(
            "a client after one that stays and sends a byte now and then",
            "前一个客户端一直不走、时不时发一个字节，之后的客户端"
        ),
    ));
    drop(drips);
}

/// A client that has received its reply and stays connected.
fn asked(server: &Server, who: &str) -> TcpStream {
    let client = net::connect(server.addr());
    net::send(&client, b"hello\n");
    let mut answer = [0; 6];
    let got = net::again(|| client.peek(&mut answer));
    if got.is_err() {
        server
            .process
            .fail(&say!("{who} has no answer", "{who}没有得到响应"));
    }
    assert_eq!(net::read_exact(&client, 6, SOON), b"HELLO\n");
    client
}

/// The result of a read within that time, which leaves the bytes in the stream.
fn within(time: Duration, stream: &TcpStream) -> std::io::Result<usize> {
    stream.set_read_timeout(Some(time))?;
    let seen = net::again(|| stream.peek(&mut [0]));
    stream.set_read_timeout(Some(SOON))?;
    seen
}

/// Sends a byte every 50 ms until the connection ends or the returned sender is dropped.
fn drip(stream: &TcpStream) -> mpsc::Sender<()> {
    let stream = stream.try_clone().unwrap();
    let (stop, stopped) = mpsc::channel();
    thread::spawn(move || {
        use mpsc::RecvTimeoutError::Timeout;
        use std::io::Write;
        while stopped.recv_timeout(Duration::from_millis(50)) == Err(Timeout)
            && (&stream).write_all(b".").is_ok()
        {}
    });
    stop
}
