//! Exercise 8: a client that reads an answer with a header, whatever the server sends
//!
//! ```text
//! cargo learn run 8 PORT COMMAND
//! cargo learn 8
//! ```
//!
//! The server is `header_server`, `exec-server --no-auth --protocol header`, or a hostile one. Only
//! `read_answer` is yours.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use proto::wire::json;

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
    // YOURS. The starting version does what the chapter's client does.
    //
    // * Four bytes, all of them: read_exact.
    // * '<i' is i32::from_le_bytes, on every machine. The number may be negative, or huge. Check it
    //   before you allocate.
    // * total_size is a whole number from 0 up, so a u64. 5.0 and 5e0 are not, and must be errors.
    //   `as_number` returns its digits, `parse` the number.
    // * A body that ends early is an error; a body that is announced and never arrives must not
    //   cost memory: `by_ref().take(n)` and `read_to_end`.
    let mut prefix = [0; 4];
    let _count = server.read(&mut prefix)?;
    let header_len = u32::from_ne_bytes(prefix) as usize;
    let mut header = vec![0; header_len.min(LONGEST_HEADER)];
    let count = server.read(&mut header)?;
    let header = json::parse(&header[..count]).map_err(io::Error::other)?;
    let size = header.get("total_size").and_then(json::Value::as_number);
    let size: f64 = size.unwrap_or("0").parse().map_err(io::Error::other)?;
    let mut body = vec![0; size as usize];
    let count = server.read(&mut body)?;
    body.truncate(count);
    Ok(body)
}
