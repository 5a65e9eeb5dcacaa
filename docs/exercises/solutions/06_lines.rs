//! A solution of exercise 6: a server that answers each line in brackets, however the lines arrive.

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
    let mut waiting = Vec::new();
    loop {
        let length = conn.read(&mut buf)?;
        if length == 0 {
            return Ok(()); // the rest has no line end, so it is no message
        }
        waiting.extend_from_slice(&buf[..length]);
        while let Some(end) = waiting.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            answer(&mut conn, &line[..end])?;
        }
    }
}

/// Sends a message's answer in one write.
fn answer(conn: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    conn.write_all(&[b"[", message, b"]\n"].concat())
}
