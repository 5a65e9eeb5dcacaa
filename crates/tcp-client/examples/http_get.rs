//! Gets one page by HTTP, and prints the status in the first line, then the bytes of the body.
//!
//! ```text
//! python3 -m http.server 8000 --bind 127.0.0.1
//! cargo run -p tcp-client --example http_get HOST PORT PATH
//! ```
//!
//! Try it: `127.0.0.1 8000 /README.md`, then `/nowhere`, which gives a page with the status 404.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, path] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT PATH"));
    };

    let mut conn = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: identity\r\n\r\n");
    conn.get_mut().write_all(request.as_bytes())?;

    let first = read_line(&mut conn)?;
    let (_version, status) = first.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
    println!("{status}");
    let (mut length, mut chunked) = (None, false);
    loop {
        let line = read_line(&mut conn)?.to_ascii_lowercase(); // HOST, Host and host are one name
        if line.is_empty() {
            break; // the body begins
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse().map_err(io::Error::other)?);
        } else if let Some(value) = line.strip_prefix("transfer-encoding:") {
            chunked = value.trim() == "chunked";
        }
    }

    // The connection stays open, so only these headers mark the end of the body.
    let mut body = Vec::new();
    if chunked {
        loop {
            let line = read_line(&mut conn)?; // the chunk's size in hexadecimal digits
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
            if size == 0 {
                break;
            }
            read_exactly(&mut conn, size, &mut body)?;
            read_line(&mut conn)?; // the line end after the chunk
        }
    } else if let Some(length) = length {
        read_exactly(&mut conn, length, &mut body)?;
    } else if !status.starts_with("204") && !status.starts_with("304") {
        conn.read_to_end(&mut body)?; // as in HTTP/1.0: the end of the stream is the end of the body
    }
    io::stdout().write_all(&body)
}

/// Reads a line, without its line end.
fn read_line(conn: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    conn.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches('\r').to_owned())
}

/// Reads exactly `count` bytes. It does not allocate the size that a server announces.
fn read_exactly(conn: &mut impl Read, count: u64, body: &mut Vec<u8>) -> io::Result<()> {
    let got = conn.take(count).read_to_end(body)?;
    let enough = got as u64 == count;
    enough
        .then_some(())
        .ok_or(io::ErrorKind::UnexpectedEof.into())
}
