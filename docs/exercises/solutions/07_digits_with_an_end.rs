//! A solution of exercise 7: a server that answers in upper case; each message has its length in
//! front.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
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

/// Twenty digits and the line end.
const LONGEST_LINE: u64 = 21;

/// Reads a message without its length; `None` if the client has left instead of sending one.
fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    let Some((b'\n', digits)) = line.split_last() else {
        return match line.len() as u64 {
            0 => Ok(None),
            LONGEST_LINE => Err(io::Error::other("a length without an end")),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        };
    };
    // `parse` accepts "+5", too.
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(io::Error::other("a length that is no number"));
    }
    let digits = str::from_utf8(digits).map_err(io::Error::other)?;
    let length: u64 = digits.parse().map_err(io::Error::other)?;
    let mut message = Vec::new();
    reader.take(length).read_to_end(&mut message)?;
    if (message.len() as u64) < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(message))
}
