//! An iterative TCP server: answers with what it received, in upper case.
//!
//! ```text
//! cargo run -p tcp-server --example tcp_server [PORT]
//! cargo run -p tcp-client --example tcp_client [PORT]
//! ```
//!
//! The outer loop takes a connection, the inner loop a message, so this server serves one client at
//! a time. Try it: connect a second client while the first stays connected; it gets its answer when
//! the first has left. `threading_tcp_server.rs` serves both at once.

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());

    // Makes the socket, sets SO_REUSEADDR (on Unix), binds, and listens with a backlog of 128.
    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    loop {
        let (mut conn, client_addr) = server.accept()?;
        println!("connected: {client_addr}");
        loop {
            let mut buf = [0; 1024];
            let data = match conn.read(&mut buf) {
                Ok(0) => break, // the client has closed its side
                Ok(length) => &buf[..length],
                Err(_) => break, // the client reset the connection
            };
            println!("received: b'{}'", data.escape_ascii());
            if conn.write_all(&data.to_ascii_uppercase()).is_err() {
                break;
            }
        }
        // The end of the block closes `conn`.
    }
}
