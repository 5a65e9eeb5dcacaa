//! A solution of exercise 8: a client that reads an answer with a header, whatever the server
//! sends.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use proto::wire::json::{self, Value};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());
    let command = env::args().nth(2).unwrap_or_else(|| "ls".to_owned());
    let mut server = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    server.write_all(command.as_bytes())?;
    io::stdout().write_all(&read_answer(&mut server)?)
}

/// The longest header that is accepted, in bytes.
const LONGEST_HEADER: usize = 64 * 1024;

/// Reads a whole answer and returns its body.
fn read_answer(server: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut prefix = [0; 4];
    server.read_exact(&mut prefix)?;
    let length = usize::try_from(i32::from_le_bytes(prefix)).map_err(io::Error::other)?;
    if length > LONGEST_HEADER {
        return Err(io::Error::other(format!("a header of {length} bytes")));
    }
    let mut header = vec![0; length];
    server.read_exact(&mut header)?;
    let header = json::parse(&header).map_err(io::Error::other)?;
    let size = header.get("total_size").and_then(Value::as_number);
    let size = size.ok_or(ErrorKind::InvalidData)?;
    let size: u64 = size.parse().map_err(io::Error::other)?;
    let mut body = Vec::new();
    server.by_ref().take(size).read_to_end(&mut body)?;
    if (body.len() as u64) < size {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}
