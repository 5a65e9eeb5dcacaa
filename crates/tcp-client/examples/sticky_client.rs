//! Sends each message by its own write, without marking where it ends.
//!
//! ```text
//! cargo run -p tcp-server --example sticky_server [PORT [SIZE ...]]
//! cargo run -p tcp-client --example sticky_client [PORT [MESSAGE ...]]
//! ```
//!
//! By default the messages are hello and world. The server shows what it received.

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
