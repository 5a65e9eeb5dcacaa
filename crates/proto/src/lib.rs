//! What every Dialtone tool shares, in layers. An upper layer knows the ones below it, never the
//! other way round; `tests/walls.rs` of this crate keeps it so.
//!
//! | layer | what it is for | what it must not know |
//! |---|---|---|
//! | [`cli`] | flags, help, logs, prompts, exit codes; the only layer that prints | the tools |
//! | [`socketserver`] | a server that gives each request a thread | any message; it never logs |
//! | [`net`] | endpoints, streams, listeners, deadlines, traces | what is said over them |
//! | [`wire`] | what goes over a connection, as bytes: codecs with limits | sockets, threads |
//! | [`token`], [`random`] | the shared secret and its file | sockets, what it is used for |
//! | [`escape`], [`reason()`] | bytes and errors as text | everything else |

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod escape;
pub mod net;
pub mod random;
mod reason;
pub mod socketserver;
pub mod token;
pub mod wire;

pub use reason::{reason, start_reason};
