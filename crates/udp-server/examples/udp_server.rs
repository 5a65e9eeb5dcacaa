//! A UDP server: answers each datagram with its bytes in upper case.
//!
//! ```text
//! cargo run -p udp-server --example udp_server [PORT]
//! cargo run -p udp-client --example udp_client [PORT]
//! ```
//!
//! There are no connections, so one loop serves all clients. A datagram is a message with its own
//! boundaries: messages do not stick together, and an empty one arrives. Try it: several clients at
//! once; an empty line; a line of more than 1024 bytes, which `recv_from` cuts without an error.

use std::env;
use std::io;
use std::net::UdpSocket;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());

    let server = UdpSocket::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    loop {
        let mut buf = [0; 1024];
        let (length, client_addr) = server.recv_from(&mut buf)?;
        let data = &buf[..length];
        println!("received: b'{}' {client_addr}", data.escape_ascii());
        server.send_to(&data.to_ascii_uppercase(), client_addr)?;
    }
}
