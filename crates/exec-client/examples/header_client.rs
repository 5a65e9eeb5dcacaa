//! Sends each line of its input as a command; reads a header's length, the header, the body.
//!
//! ```text
//! cargo run -p exec-server --example header_server [PORT]
//! cargo run -p exec-client --example header_client [PORT]
//! ```
//!
//! Try it: `ls / /nowhere` (all of it this time), then a command with much output (`seq 100000`).

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use proto::wire::json;
use proto::wire::pack::unpack;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());

    let mut client = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    while let Some(line) = input(">>: ")? {
        let cmd = line.trim();
        if cmd.is_empty() {
            continue;
        }
        client.write_all(cmd.as_bytes())?;
        // These two reads may return less than they ask for, and the length has no limit: the
        // lesson's shortcuts. Each read would need a loop like the one below.
        let mut prefix = [0; 4];
        let count = client.read(&mut prefix)?;
        let header_len = unpack("i", &prefix[..count]).map_err(io::Error::other)?;
        let mut header_bytes = vec![0; usize::try_from(header_len).map_err(io::Error::other)?];
        let count = client.read(&mut header_bytes)?;
        let header = json::parse(&header_bytes[..count]).map_err(io::Error::other)?;
        let total_size = total_size(&header).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = Vec::new();
        let mut buf = [0; 1024];
        while body.len() < total_size {
            let most = buf.len().min(total_size - body.len());
            let count = client.read(&mut buf[..most])?;
            if count == 0 {
                let got = body.len();
                let why = format!("the server has left after {got} of {total_size} bytes");
                return Err(io::Error::other(why));
            }
            body.extend_from_slice(&buf[..count]);
        }
        println!("{}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

/// Python's `header['total_size']`, which must exist and be a number from 0 up.
fn total_size(header: &json::Value) -> Option<usize> {
    header.get("total_size")?.as_number()?.parse().ok()
}

/// Python's `input(prompt)`; `None` if that would raise EOFError.
fn input(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    let length = io::stdin().read_line(&mut line)?;
    Ok((length > 0).then_some(line))
}
