//! Shows that TCP has no messages: each read takes what has arrived, however it was sent.
//!
//! ```text
//! cargo run -p tcp-server --example sticky_server [PORT [SIZE ...]]
//! cargo run -p tcp-client --example sticky_client [PORT [MESSAGE ...]]
//! ```
//!
//! It serves one client with one read for each SIZE (two of 10 bytes), then ends. Try it:
//!
//! ```text
//! sizes 10 10, messages hello world    two writes, often one read: b'helloworld' and b''
//! sizes 2 10, message "hello feng"     one write, two reads: b'he' and b'llo feng'
//! ```
//!
//! The first result depends on which side is faster; neither a sleep nor an option (`set_nodelay`)
//! makes it certain. Both sides must agree on how the end of a message is marked:
//! `length_server.rs` and `header_server.rs`.

use std::env;
use std::io::{self, Read};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let mut sizes = Vec::new();
    for size in env::args().skip(2) {
        sizes.push(size.parse().map_err(io::Error::other)?);
    }
    if sizes.is_empty() {
        sizes = vec![10, 10];
    }

    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    let (mut conn, _client_addr) = server.accept()?;
    for size in sizes {
        let mut buf = vec![0; size];
        let length = conn.read(&mut buf)?;
        println!("-----> b'{}'", buf[..length].escape_ascii());
    }
    Ok(())
}
