//! What every Dialtone tool shares, in layers. An upper layer uses the ones below it, never the
//! other way round; `tests/dependency_rules.rs` of this crate checks that.
//!
//! | layer | what it is for | what it must not use |
//! |---|---|---|
//! | [`serving`] | what a server tool does from its start to its end | the tools |
//! | [`cli`] | flags, help, logs, prompts, exit codes; the only layer that prints | servers |
//! | [`socketserver`] | a server that gives each request a thread | any message format, the log |
//! | [`net`] | endpoints, streams, listeners, deadlines, traces | any message format |
//! | [`wire`] | the bytes on a connection: codecs with limits | sockets, threads |
//! | [`token`], [`random`] | the shared secret and its file | sockets, protocols |
//! | [`pool`], [`sync`], [`check_memory()`] | a pool of threads; locks; limits of the process | sockets |
//! | [`escape`], [`reason()`] | bytes and errors as text | everything else |
//!
//! A new server needs a handler and a help text. This one answers each JSON frame `{"text":
//! ...}` with `{"bytes": N, "words": N}`. It has `--help`, `--trace`, logs, a limit on connections,
//! timeouts and a graceful stop:
//!
//! ```no_run
//! use std::ffi::OsStr;
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! use proto::cli::{self, Log, Tool};
//! use proto::net::Endpoint;
//! use proto::serving::{self, Stop};
//! use proto::socketserver::{Connection, RequestHandler, ThreadingServer};
//! use proto::wire::frame::{self, FrameError};
//! use proto::wire::json::{self, Value};
//!
//! #[derive(Default)]
//! struct Options {
//!     endpoint: Endpoint,
//!     stop: Stop,
//!     log: Log,
//! }
//!
//! const TOOL: Tool<Options> =
//!     Tool::new("wc-server", &[HELP, serving::STOPPING, cli::LOGGING], set);
//!
//! const HELP: &str = "\
//! wc-server: counts words
//!
//! Usage: wc-server [OPTIONS] [ENDPOINT]
//!
//!   ENDPOINT                  host:port, [v6]:port or unix:PATH [127.0.0.1:8080]
//! ";
//!
//! fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
//!     match name {
//!         "ENDPOINT" => o.endpoint = cli::endpoint(v, 8080)?,
//!         "--stop-on-eof" => o.stop.on_eof = true,
//!         "--grace" => o.stop.grace = cli::duration(v)?,
//!         _ => o.log.set(name),
//!     }
//!     Ok(())
//! }
//!
//! struct Count(Connection, Log);
//!
//! impl RequestHandler for Count {
//!     fn handle(&mut self) {
//!         if let Err(error) = self.serve() {
//!             self.1.info(format_args!("{} {error}", self.0.peer));
//!         }
//!     }
//! }
//!
//! impl Count {
//!     fn serve(&mut self) -> Result<(), FrameError> {
//!         let mut stream = self.1.traced(self.0.peer, &self.0.stream);
//!         let mut header = Vec::new();
//!         while frame::read(&mut stream, 4096, &mut header)? {
//!             let request = json::parse(&header).unwrap_or(Value::Null);
//!             let text = request.get("text").and_then(Value::as_str).unwrap_or_default();
//!             let words = text.split_whitespace().count();
//!             let reply = Value::object([("bytes", text.len().into()), ("words", words.into())]);
//!             frame::write(&mut stream, reply.to_string().as_bytes())?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     cli::run(&TOOL, |options| {
//!         let log = options.log;
//!         let connections = serving::listen(&options.endpoint, log)?;
//!         let server = ThreadingServer::new(connections, move |connection| Count(connection, log))
//!             .nodelay()
//!             .read_timeout(Some(Duration::from_secs(60)));
//!         serving::serve(server, 1, options.stop, log)
//!     })
//! }
//! ```
//!
//! A test of the tool calls `TOOL.debug_assert()`; see
//! [`Tool::debug_assert`](cli::Tool::debug_assert).

#![deny(clippy::print_stdout, clippy::print_stderr)]
#![warn(missing_debug_implementations)]

pub mod cli;
/// Waits with a deadline, from the harness of the cross-process tests.
#[cfg(test)]
#[path = "../../../tests/src/deadline.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod deadline;
mod errors;
pub mod escape;
mod limits;
pub mod net;
pub mod pool;
pub mod random;
pub mod serving;
pub mod socketserver;
pub mod sync;
#[cfg_attr(windows, path = "sys/windows.rs")]
#[cfg_attr(not(windows), path = "sys/unix.rs")]
mod sys;
/// Temporary folders, from the harness of the cross-process tests.
#[cfg(unix)]
#[cfg(test)]
#[path = "../../../tests/src/temp.rs"]
mod temp;
pub mod token;
pub mod wire;

pub use errors::{is_timeout, reason, retry, start_reason};
pub use limits::check_memory;
pub use sys::create_private;
