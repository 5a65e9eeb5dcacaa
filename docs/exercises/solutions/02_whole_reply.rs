//! A solution of exercise 2: a client that takes the whole reply, and nothing but the reply.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let mut server = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    for line in io::stdin().lines() {
        let message = line?;
        server.write_all(message.as_bytes())?;
        let reply = read_reply(&mut server, message.len())?;
        println!("b'{}'", reply.escape_ascii());
    }
    Ok(())
}

/// Reads the reply to a message of that length.
fn read_reply(server: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut reply = vec![0; length];
    // Reads until the buffer is full; if the stream ends first, that is an error (UnexpectedEof).
    server.read_exact(&mut reply)?;
    Ok(reply)
}
