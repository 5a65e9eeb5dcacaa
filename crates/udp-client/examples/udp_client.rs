//! A UDP client: sends each line of its input as a datagram and shows the answer.
//!
//! ```text
//! cargo run -p udp-server --example udp_server [PORT]
//! cargo run -p udp-client --example udp_client [PORT]
//! ```
//!
//! Try it: an empty line is a datagram too, and is answered. Then send a line when no server runs:
//! there is no error, and this client waits for ever, because a lost datagram and a slow answer
//! look alike. It also takes an answer from any program that finds its port. The remedy is
//! `connect` and `set_read_timeout`.

use std::env;
use std::io::{self, Write};
use std::net::UdpSocket;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());

    // Port 0 means any free port. Python's socket gets one at the first sendto.
    let client = UdpSocket::bind("127.0.0.1:0")?;

    while let Some(line) = input(">>: ")? {
        let msg = line.trim();
        client.send_to(msg.as_bytes(), format!("127.0.0.1:{port}"))?;
        let mut buf = [0; 1024];
        let (length, _server_addr) = client.recv_from(&mut buf)?;
        println!("b'{}'", buf[..length].escape_ascii());
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
