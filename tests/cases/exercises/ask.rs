//! Exercise 9: the servers, and the stranger, that a UDP client may meet.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;

use cross_process::deadline::SOON;
use cross_process::net::{ANY_PORT, again};
use cross_process::process::Process;

/// Plays them to the program.
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
    let who = "a stranger sends b'late!', then the server b'noon'";
    assert_prints(&mut client, "b'noon'", who);

    let server = bind();
    let mut client = ask(&server);
    let first = question(&server, &client, 1);
    question(&server, &client, 2);
    question(&server, &client, 3);
    server.send_to(b"noon", first).unwrap();
    let who = "the server answers the third time";
    assert_prints(&mut client, "b'noon'", who);

    let server = bind();
    let mut client = ask(&server);
    for time in 1..=5 {
        question(&server, &client, time);
    }
    assert_fails(&mut client, "TimedOut", "the server never answers");
    server.set_nonblocking(true).unwrap();
    if server.recv(&mut [0; 99]).is_ok() {
        client.fail("your client should ask five times, and has asked a sixth time");
    }

    let nobody = bind();
    let mut command = Command::new(program);
    command.arg(nobody.local_addr().unwrap().to_string());
    drop(nobody);
    let mut client = Process::spawn(command);
    assert_fails(&mut client, "ConnectionRefused", "nobody is there");

    for length in [0, 1024, 60_000] {
        let server = bind();
        let mut client = ask(&server);
        let addr = question(&server, &client, 1);
        let answer = "y".repeat(length);
        server.send_to(answer.as_bytes(), addr).unwrap();
        let who = format!("the server answers with {length} bytes");
        assert_prints(&mut client, &format!("b'{answer}'"), &who);
    }
}

fn bind() -> UdpSocket {
    let socket = UdpSocket::bind(ANY_PORT).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket
}

/// Waits for the question to come, the first, second, ... `time`; gives who asks.
#[track_caller]
fn question(server: &UdpSocket, client: &Process, time: u32) -> SocketAddr {
    let mut text = [0; 99];
    match again(|| server.recv_from(&mut text)) {
        Ok((length, addr)) if &text[..length] == b"what time is it?" => addr,
        Ok((length, _)) => client.fail(&format!("it has asked {:?}", &text[..length])),
        Err(_) => client.fail(&format!(
            "the server has waited for {SOON:?}, and your client has not asked for the time \
             number {time}"
        )),
    }
}

#[track_caller]
fn assert_prints(client: &mut Process, expected: &str, who: &str) {
    let printed = client.stdout.next_line(SOON).unwrap_or_default();
    if printed != expected {
        let short = |text: &str| text.chars().take(40).collect::<String>();
        panic!(
            "{who}: your client should print {}, {} characters; it has printed {}, {} characters\n  \
             its standard error: {:?}",
            short(expected),
            expected.len(),
            short(&printed),
            printed.len(),
            client.stderr.text()
        );
    }
    let still = format!("{who}: your client has its answer, and should end");
    if !client.wait_exit_or(SOON, &still).success() {
        client.fail(&format!("{who}: the exit status should be 0"));
    }
}

#[track_caller]
fn assert_fails(client: &mut Process, kind: &str, who: &str) {
    let still = format!("{who}: your client should end, and is still running");
    if client.wait_exit_or(SOON, &still).code() != Some(1) {
        client.fail(&format!(
            "{who}: your client should end with an error, status 1"
        ));
    }
    if client
        .stderr
        .wait(SOON, |_, ended| ended.then_some(()))
        .is_none()
        || !client.stderr.text().contains(kind)
    {
        client.fail(&format!(
            "{who}: your client should end with the error {kind}"
        ));
    }
}
