//! A threading UDP server: answers each datagram in upper case, in a thread of its own.
//!
//! ```text
//! cargo run -p udp-server --example threading_udp_server [PORT]
//! cargo run -p udp-client --example udp_client [PORT]
//! ```
//!
//! With UDP a request is one datagram, so `handle` has no loop. A `Datagram` holds the data and the
//! server's socket for the answer. Try it: put a `thread::sleep` of five seconds into `handle`;
//! another client is still answered at once, which `udp_server.rs` could not do. If an answer takes
//! a few microseconds, starting the thread takes several times as long, so `udp-server` has none.

use std::env;
use std::error::Error;

use proto::net::{Endpoint, bind_udp};
use proto::socketserver::{Datagram, Datagrams, RequestHandler, ThreadingServer};

/// The datagram is Python's `self.request`, the data and the socket, and `self.client_address`.
struct UpperCase(Datagram);

impl RequestHandler for UpperCase {
    fn handle(&mut self) {
        let data = self.0.data();
        println!("received: b'{}' {}", data.escape_ascii(), self.0.peer);
        // The client does not see an error; socketserver prints it and goes on.
        if let Err(error) = self.0.reply(&data.to_ascii_uppercase()) {
            eprintln!("{error}");
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let address: Endpoint = format!("127.0.0.1:{port}").parse()?;
    let (socket, address) = bind_udp(&address)?;
    println!("listening on {address}");

    // socketserver cuts a longer datagram at 8192 bytes without an error. So does this.
    let datagrams = Datagrams::new(socket).max_packet_size(8192);
    ThreadingServer::new(datagrams, UpperCase).serve_forever();
    Ok(())
}
