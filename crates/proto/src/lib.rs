//! What every Dialtone tool shares, in layers. An upper layer uses the ones below it, never the
//! other way round; `tests/walls.rs` of this crate checks that.
//!
//! | layer | what it is for | what it must not use |
//! |---|---|---|
//! | [`serving`] | what a server tool does from its start to its end | the tools |
//! | [`cli`] | flags, help, logs, prompts, exit codes; the only layer that prints | servers |
//! | [`socketserver`] | a server that gives each request a thread | any message; it never logs |
//! | [`net`] | endpoints, streams, listeners, deadlines, traces | what is said over them |
//! | [`wire`] | what goes over a connection, as bytes: codecs with limits | sockets, threads |
//! | [`token`], [`random`] | the shared secret and its file | sockets, what it is used for |
//! | [`pool`], [`sync`] | threads that are used again; locks | sockets |
//! | [`escape`], [`reason()`] | bytes and errors as text | everything else |

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
/// Waits with an end, from the harness of the cross-process tests.
#[cfg(test)]
#[path = "../../../tests/src/deadline.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod deadline;
mod errors;
pub mod escape;
pub mod net;
pub mod pool;
pub mod random;
pub mod serving;
pub mod socketserver;
pub mod sync;
/// Folders that go away, from the harness of the cross-process tests.
#[cfg(test)]
#[path = "../../../tests/src/temp.rs"]
mod temp;
pub mod token;
pub mod wire;

pub use errors::{is_timeout, reason, retry, start_reason};
