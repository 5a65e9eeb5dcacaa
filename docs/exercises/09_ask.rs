//! Exercise 9: asks a UDP server, and is not misled, kept waiting or cut short
//!
//! ```text
//! cargo learn run 9 127.0.0.1:PORT MESSAGE
//! cargo learn 9
//! ```
//!
//! Only `ask` is yours.

use std::env;
use std::io;
use std::net::UdpSocket;

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
    // YOURS. The starting version takes an answer from any address, waits for ever for one that is
    // lost, does not notice that no server is there, and drops what is longer than its buffer.
    //
    // * Which call makes the kernel drop the datagrams of strangers, and report that no server is
    //   there?
    // * After 500 ms without an answer send again, five times in all; then return an io::Error of
    //   ErrorKind::TimedOut. What does a read return when its time is up? Return every other error.
    // * How long can a datagram be?
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.send_to(message, server)?;
    let mut buf = [0; 1024];
    let (length, _) = socket.recv_from(&mut buf)?;
    Ok(buf[..length].to_vec())
}
