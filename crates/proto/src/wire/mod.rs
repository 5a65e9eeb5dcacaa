//! The bytes on a connection: codecs over `Read` and `Write`, with limits.
//!
//! | module | what it is | in the Python lesson |
//! |---|---|---|
//! | [`length_first`] | a decimal length, then the body | the "low" remedy for sticky packets |
//! | [`pack`] | 32-bit integers as bytes | `struct.pack('i', n)` |
//! | [`json`] | strict RFC 8259 | `json.loads`, `json.dumps` |
//! | [`frame`] | a 4-byte length before a header | `struct` and `json` together |
//! | [`header`] | the header's three fields | `{'filename': ..., 'total_size': ..., 'hash': ...}` |
//! | [`sha256`], [`hmac`] | hashes and authentication codes | `hashlib`, `hmac` |
//! | [`session`] | authenticated commands, streaming | (ours) |
//! | [`WrongProtocol`] | recognizes programs at the wrong port | |
//! | [`Protocol`] | the protocol that a client and a server speak | |
//!
//! Nothing here uses a socket, a thread or a terminal. No memory is allocated for bytes that a peer
//! only announced: buffers grow with the bytes that arrived.

pub mod frame;
pub mod header;
pub mod hmac;
pub mod json;
pub mod length_first;
pub mod pack;
mod protocol;
mod read_full;
pub mod session;
pub mod sha256;
mod wrong_protocol;

pub use protocol::Protocol;
pub use read_full::read_full;
pub use wrong_protocol::WrongProtocol;
