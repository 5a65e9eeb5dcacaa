//! A thread for each datagram: `threading_udp_server.py` in Rust.
//!
//! ```text
//! cargo run -p udp-server --example threading_udp_server [PORT]
//! cargo run -p udp-client --example udp_client [PORT]
//! ```
//!
//! The answer takes a few microseconds, the thread several times that: `udp-server` does without.

use std::env;
use std::error::Error;

use proto::net::{Endpoint, bind_udp};
use proto::socketserver::{Datagram, Datagrams, RequestHandler, ThreadingServer};

/// The datagram is Python's `self.request`, the data and the socket, and `self.client_address`.
struct MyHandler(Datagram);

impl RequestHandler for MyHandler {
    fn handle(&mut self) {
        let data = self.0.data();
        // Whether the answer arrives, neither language is told.
        let _ = self.0.reply(&data.to_ascii_uppercase());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or("8080".to_string());
    let endpoint: Endpoint = format!("127.0.0.1:{port}").parse()?;
    let (socket, endpoint) = bind_udp(&endpoint)?;
    println!("start.... {endpoint}");
    // socketserver cuts a longer datagram at 8192 bytes, without a word. So does this.
    let datagrams = Datagrams::new(socket).max_packet_size(8192);
    let server = ThreadingServer::new(datagrams, MyHandler);
    server.serve_forever(); // the loop that receives
    Ok(())
}
