//! Exercise 6: a server that answers each line in brackets, however the lines arrive
//!
//! ```text
//! cargo learn run 6 PORT
//! cargo learn 6
//! ```
//!
//! Only `serve` is yours.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, client_addr) = server.accept()?;
        if let Err(why) = serve(conn) {
            println!("{client_addr} {why}");
        }
    }
}

/// Answers `hello\n` with `[hello]\n`, and every other line in the same way.
fn serve(mut conn: TcpStream) -> io::Result<()> {
    let mut buf = [0; 1024];
    loop {
        // YOURS. The starting version treats what one read returns as one message.
        //
        // * Keep what has arrived so far in a Vec<u8>, and add to it what each read returns
        //   (`extend_from_slice`).
        // * How many whole lines can be in it then? None, one, or more. `iter().position` finds the
        //   first b'\n', and `drain` takes a part out of a Vec.
        // * When the client leaves, what remains has no line end. Is it a message?
        let length = conn.read(&mut buf)?;
        if length == 0 {
            return Ok(());
        }
        answer(&mut conn, &buf[..length])?;
    }
}

/// Sends a message's answer in one write.
fn answer(conn: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    conn.write_all(&[b"[", message, b"]\n"].concat())
}
