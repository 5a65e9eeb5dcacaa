//! A thread for each client, in std alone: answers in upper case.
//!
//! ```text
//! cargo run -p tcp-server --example thread_server [PORT]
//! cargo run -p tcp-client --example tcp_client [PORT]
//! ```
//!
//! This is `tcp_server.rs` with one change: the message loop runs in a thread of its own.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// The message loop.
fn serve(mut conn: TcpStream) {
    let mut buf = [0; 1024];
    loop {
        let data = match conn.read(&mut buf) {
            Ok(0) => break, // the client has closed its side
            Ok(length) => &buf[..length],
            Err(_) => break, // the client has reset the connection
        };
        if conn.write_all(&data.to_ascii_uppercase()).is_err() {
            break;
        }
    }
}

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());

    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    // The connection loop.
    loop {
        let (conn, _client_addr) = server.accept()?;
        thread::spawn(move || serve(conn));
    }
}
