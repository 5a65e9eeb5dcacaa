//! A TCP client: sends each line of its input and shows the answer.
//!
//! ```text
//! cargo run -p tcp-server --example tcp_server [PORT]
//! cargo run -p tcp-client --example tcp_client [PORT]
//! ```
//!
//! Try it: type a line in Chinese. The server gets its UTF-8 bytes, and `to_ascii_uppercase` changes
//! only ASCII letters. Then type a line of 2000 letters: one read returns at most 1024 bytes of the
//! answer, and the next line is answered with the rest.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());

    let mut client = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    while let Some(line) = input(">>: ")? {
        let msg = line.trim();
        if msg.is_empty() {
            continue; // an empty message puts no bytes into the stream: read would wait for ever
        }
        client.write_all(msg.as_bytes())?;
        let mut buf = [0; 1024];
        let length = client.read(&mut buf)?;
        if length == 0 {
            break; // the server has closed its side
        }
        println!("b'{}'", buf[..length].escape_ascii());
    }
    Ok(())
}

/// Python's `input(prompt)`; `None` if that would raise EOFError.
fn input(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    let length = io::stdin().read_line(&mut line)?;
    Ok((length > 0).then_some(line))
}
