//! A solution of exercise 9: asks a UDP server, and is not misled, kept waiting or cut short.

use std::env;
use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::Duration;

fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let server = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let message = args.next().unwrap_or_else(|| "hello".to_owned());
    let answer = ask(&server, message.as_bytes())?;
    println!("b'{}'", answer.escape_ascii());
    Ok(())
}

/// Sends the message and returns the answer.
fn ask(server: &str, message: &[u8]) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    // Before the first datagram: what a stranger sends before `connect` stays in the queue.
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;

    // Longer than any datagram, so none is cut.
    let mut buf = vec![0; 65_536];
    for _ in 0..5 {
        socket.send(message)?;
        match socket.recv(&mut buf) {
            Ok(length) => {
                buf.truncate(length); // an empty datagram is an answer, too
                return Ok(buf);
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {} // lost, or late: send again
                _ => return Err(error),
            },
        }
    }
    Err(io::Error::new(
        ErrorKind::TimedOut,
        "no answer in five tries",
    ))
}
