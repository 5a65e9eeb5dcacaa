//! Exercise 2: a client that takes the whole reply, and nothing but the reply
//!
//! ```text
//! cargo learn run 2 PORT
//! cargo learn 2
//! ```
//!
//! The server answers in upper case, so a reply is as long as its message. Only `read_reply` is
//! yours; the rest is the client of the chapter.

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
    // YOURS. One read takes what has arrived: less than the reply while the rest is on its way, and
    // here at most 1024 bytes. The function should
    //
    // * take exactly `length` bytes, however many reads that needs;
    // * return an error if the server leaves in the middle of a reply:
    //   `Err(io::ErrorKind::UnexpectedEof.into())` is one.
    //
    // You can write the loop yourself. Or look at what std::io::Read has besides `read`.
    let mut reply = vec![0; length.min(1024)];
    let taken = server.read(&mut reply)?;
    reply.truncate(taken);
    Ok(reply)
}
