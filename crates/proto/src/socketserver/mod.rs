//! A server that gives each request a thread, or answers datagrams in one loop, in the shape of
//! Python's `socketserver` module.
//!
//! | Python | here |
//! |---|---|
//! | `ThreadingTCPServer(address, MyHandler)` | [`ThreadingServer::new`] with [`Connections`] |
//! | `ThreadingUDPServer(address, MyHandler)` | [`ThreadingServer::new`] with [`Datagrams`] |
//! | `UDPServer(address, MyHandler)` | [`UdpServer::new`] |
//! | `BaseRequestHandler`: `setup`, `handle`, `finish` | [`RequestHandler`] |
//! | `self.request`, `self.client_address` | [`Connection`], [`Datagram`] |
//! | `get_request` | [`RequestSource::get_request`] |
//! | `max_packet_size` | [`Datagrams::max_packet_size`] |
//! | `server_address` | [`Connections::endpoints`] |
//! | `serve_forever()` | [`ThreadingServer::serve_forever`], [`UdpServer::serve_forever`] |
//! | `shutdown()` | [`Stopper::shutdown`] |
//! | (none) | [`ThreadingServer::max_connections`] |
//!
//! ```
//! use std::io::{Read, Write};
//! use std::time::Duration;
//! use proto::net::{Listener, connect};
//! use proto::socketserver::{Connection, Connections, RequestHandler, ThreadingServer};
//!
//! struct Upper(Connection);
//!
//! impl RequestHandler for Upper {
//!     fn handle(&mut self) {
//!         let mut data = [0; 1024];
//!         while let Ok(count @ 1..) = self.0.stream.read(&mut data) {
//!             data[..count].make_ascii_uppercase();
//!             if self.0.stream.write_all(&data[..count]).is_err() {
//!                 break;
//!             }
//!         }
//!     }
//! }
//!
//! let listener = Listener::bind(&"127.0.0.1:0".parse()?)?;
//! let endpoint = listener.endpoint().clone();
//! let server = ThreadingServer::new(Connections::new(listener)?, Upper);
//! let stopper = server.stopper();
//! let serving = std::thread::spawn(move || server.serve_forever());
//!
//! let mut stream = connect(&endpoint, Duration::from_secs(5))?;
//! stream.write_all(b"hello")?;
//! let mut reply = [0; 5];
//! stream.read_exact(&mut reply)?;
//! assert_eq!(&reply, b"HELLO");
//! drop(stream);
//!
//! stopper.shutdown(Duration::from_secs(5));
//! assert_eq!(serving.join().ok(), Some(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This layer uses sockets. It reports [`Event`]s instead of logging, and knows no message format.

mod accept;
mod capacity;
mod connections;
#[cfg(test)]
mod datagram_tests;
mod datagrams;
mod handler;
mod refused;
mod server;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod udp_server;

pub use accept::Event;
pub use capacity::{MAX_CONNECTIONS, descriptor_limit};
pub use connections::{Connection, Connections};
pub use datagrams::{Datagram, Datagrams};
pub use handler::RequestHandler;
pub use server::{STACK_SIZE, Stopper, ThreadingServer};
pub use source::{Refusal, RequestSource};
pub use udp_server::UdpServer;
