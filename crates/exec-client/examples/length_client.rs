//! Sends each line of its input as a command and reads as many bytes of answer as were announced.
//!
//! ```text
//! cargo run -p exec-server --example length_server [PORT]
//! cargo run -p exec-client --example length_client [PORT]
//! ```
//!
//! Try it: a command with much output (`seq 100000`), then another. Each has its own answer, whole.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::str;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());

    let mut client = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    while let Some(line) = input(">>: ")? {
        let cmd = line.trim();
        if cmd.is_empty() {
            continue;
        }
        client.write_all(cmd.as_bytes())?;
        // Expects all digits in one read, although nothing marks their end.
        let mut buf = [0; 1024];
        let count = client.read(&mut buf)?;
        let digits = str::from_utf8(&buf[..count]).map_err(io::Error::other)?;
        let length: usize = digits.parse().map_err(io::Error::other)?;
        client.write_all(b"recv_ready")?;
        let mut body = Vec::new();
        while body.len() < length {
            let count = client.read(&mut buf)?;
            if count == 0 {
                let got = body.len();
                let why = format!("the server has left after {got} of {length} bytes");
                return Err(io::Error::other(why));
            }
            body.extend_from_slice(&buf[..count]);
        }
        println!("{}", String::from_utf8_lossy(&body));
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
