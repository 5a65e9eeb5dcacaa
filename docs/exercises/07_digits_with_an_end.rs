//! Exercise 7: a server that answers in upper case; each message has its length in front
//!
//! ```text
//! cargo learn run 7 PORT
//! cargo learn 7
//! ```
//!
//! A message is its length n in digits, a line end, and n bytes: `5\nhello`. Only `read_message` is
//! yours.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::str;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, client_addr) = server.accept()?;
        if let Err(why) = serve(&conn) {
            println!("{client_addr} {why}");
        }
    }
}

fn serve(mut conn: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(conn);
    while let Some(message) = read_message(&mut reader)? {
        let mut answer = format!("{}\n", message.len()).into_bytes();
        answer.extend(message.to_ascii_uppercase());
        conn.write_all(&answer)?; // one write
    }
    Ok(())
}

/// Reads a message without its length; `None` if the client has left instead of sending one.
fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    // YOURS. The starting version treats what one read returns as a message, at most 1000 bytes.
    //
    // * `reader.take(n)` is a reader that ends after n bytes: `read_until(b'\n', ..)` then stops
    //   even if the digits never end. 2^64 has 20 of them.
    // * `parse` makes a number of the digits. Anything but a length is an error.
    // * A client may announce a length and never send that much. `vec![0; length]` believes it.
    //   `take(length)` and `read_to_end` take what really arrives. (`read_to_end` is a method of
    //   the trait `Read`: add it to the `use` above.)
    // * Fewer bytes have arrived? Then the client has left within a message: an error.
    let mut buf = [0; 1000];
    let count = reader.read(&mut buf)?;
    if count == 0 {
        return Ok(None);
    }
    let end = buf.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let digits = str::from_utf8(&buf[..end]).map_err(io::Error::other)?;
    let length: usize = digits.parse().map_err(io::Error::other)?;
    let message = buf.get(end + 1..end + 1 + length);
    Ok(Some(message.ok_or(io::ErrorKind::InvalidData)?.to_vec()))
}
