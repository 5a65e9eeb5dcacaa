//! A thread for each connection: `threading_tcp_server.py` in Rust.
//!
//! ```text
//! cargo run -p tcp-server --example threading_tcp_server [PORT]
//! cargo run -p tcp-client --example tcp_client [PORT]
//! ```
//!
//! Try it with two clients at once: unlike the iterative `tcp_server`, it serves both.

use std::env;
use std::error::Error;
use std::io::{Read, Write};

use proto::net::{Endpoint, Listener};
use proto::socketserver::{Connection, Connections, RequestHandler, ThreadingServer};

/// The connection is Python's `self.request` and `self.client_address`.
struct UpperCase(Connection);

impl RequestHandler for UpperCase {
    fn handle(&mut self) {
        let mut data = [0; 1024];
        // A reset is an `Err` here, where Python raises ConnectionResetError.
        while let Ok(count) = self.0.stream.read(&mut data) {
            if count == 0 {
                break;
            }
            data[..count].make_ascii_uppercase();
            if self.0.stream.write_all(&data[..count]).is_err() {
                break;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or("8080".to_string());
    let endpoint: Endpoint = format!("127.0.0.1:{port}").parse()?;
    let listener = Listener::bind(&endpoint)?;
    println!("listening on {}", listener.endpoint());
    let server = ThreadingServer::new(Connections::new(listener)?, UpperCase);
    server.serve_forever(); // the connection loop
    Ok(())
}
