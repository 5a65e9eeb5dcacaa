//! Exercise 8: a client that reads an answer with a header, whatever the server makes of it.
//!
//! ```text
//! cargo run -q -p cross-process --example exercise_08 -- PORT COMMAND
//! cargo test -p cross-process exercise_08 -- --ignored
//! ```
//!
//! The server is `header_server` or `exec-server --no-auth --protocol header`, or anybody. Only
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

/// The longest header that is taken, in bytes.
const LONGEST_HEADER: usize = 64 * 1024;

/// Reads a whole answer and gives its body.
fn read_answer(server: &mut impl Read) -> io::Result<Vec<u8>> {
    // YOURS. As it is, this does what the chapter's client does.
    //
    // * Four bytes, all of them: read_exact.
    // * '<i' is i32::from_le_bytes, on every machine. The number may be negative, or huge. Only then
    //   make room for it.
    // * total_size is a whole number from 0 up, so a u64. 5.0 and 5e0 are not, and must be errors.
    //   `as_number` gives its digits, `parse` the number.
    // * A body that ends early is an error; one that is announced and never comes must not cost
    //   memory. `by_ref().take(n)` and `read_to_end`.
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
