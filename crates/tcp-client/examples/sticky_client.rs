//! Sends each of its messages by a write of its own, without a sign of where one ends.
//!
//! ```text
//! cargo run -p tcp-server --example sticky_server [PORT [SIZE ...]]
//! cargo run -p tcp-client --example sticky_client [PORT [MESSAGE ...]]
//! ```
//!
//! The messages are hello and world, unless it is given others. What the server makes of them, it
//! shows itself.

use std::env;
use std::io::{self, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let mut messages: Vec<String> = env::args().skip(2).collect();
    if messages.is_empty() {
        messages = vec!["hello".to_owned(), "world".to_owned()];
    }

    let mut client = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    for message in messages {
        client.write_all(message.as_bytes())?;
    }
    Ok(())
}
