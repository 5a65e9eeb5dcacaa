//! Sends each line of its input as a command and shows what one read returns.
//!
//! ```text
//! cargo run -p exec-server --example exec_naive_server [PORT]
//! cargo run -p exec-client --example exec_naive_client [PORT]
//! ```
//!
//! Nothing marks the end of an answer, so this client takes up to 1024 bytes for all of it. The rest
//! stays in the connection, and is shown as the answer to the next command.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());

    let mut client = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    while let Some(line) = input(">>: ")? {
        let cmd = line.trim();
        if cmd.is_empty() {
            continue;
        }
        client.write_all(cmd.as_bytes())?;
        let mut buf = [0; 1024];
        let length = client.read(&mut buf)?; // waits for ever if the command writes nothing
        if length == 0 {
            break; // the server has closed its side
        }
        println!("from server: b'{}'", buf[..length].escape_ascii());
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
