//! Exercise 4: whose is the TIME_WAIT?

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{A_MOMENT, SOON, poll};
use cross_process::net;
use cross_process::procfs::in_time_wait;
use cross_process::server::Server;

/// Plays three clients to the program: one that leaves, one that leaves without a word, and one
/// that stays.
pub fn check(program: &Path) {
    let mut command = Command::new(program);
    command.arg("127.0.0.1:0");
    let server = Server::start(command);
    let addr = server.addr();

    let client = asked(&server, "a client");
    if let Ok(0) = within(A_MOMENT, &client) {
        server
            .process
            .fail("your server closed first, so the TIME_WAIT is on its own port");
    }
    let own_port = client.local_addr().unwrap().port();
    drop(client);
    let waits = || in_time_wait(own_port).ok()?.then_some(());
    if poll(SOON, waits).is_none() {
        server
            .process
            .fail("the client closed first, and yet the TIME_WAIT is not on its port");
    }
    assert!(
        !in_time_wait(addr.port()).unwrap(),
        "the client closed first, and yet there is a TIME_WAIT on your server's port"
    );

    drop(net::connect(addr));
    drop(asked(
        &server,
        "a client after one that left without a word",
    ));

    let stays = asked(&server, "a client that will stay");
    let drips = drip(&stays);
    drop(asked(
        &server,
        "a client behind one that stays and sends a byte now and then",
    ));
    drop(drips);
}

/// A client that has had its answer, and stays.
fn asked(server: &Server, who: &str) -> TcpStream {
    let client = net::connect(server.addr());
    net::send(&client, b"hello\n");
    let mut answer = [0; 6];
    let got = net::again(|| client.peek(&mut answer));
    if got.is_err() {
        server.process.fail(&format!("{who} has no answer"));
    }
    assert_eq!(net::read_exact(&client, 6, SOON), b"HELLO\n");
    client
}

/// What a read of the stream gives, without taking it.
fn within(time: Duration, stream: &TcpStream) -> std::io::Result<usize> {
    stream.set_read_timeout(Some(time))?;
    let seen = net::again(|| stream.peek(&mut [0]));
    stream.set_read_timeout(Some(SOON))?;
    seen
}

/// Sends a byte every 50 ms until the connection ends or what this gives is dropped.
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
