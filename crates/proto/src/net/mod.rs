//! Sockets by name: TCP and Unix-domain behind one [`Endpoint`], one [`Stream`] and one
//! [`Listener`], with deadlines and a trace of every call.
//!
//! This layer knows std's sockets and never what is said over them.

mod connect;
mod deadline;
mod endpoint;
mod listener;
mod stream;
mod trace;
mod unix;

pub use connect::{ConnectError, connect};
pub use deadline::Deadline;
pub use endpoint::{Endpoint, ParseEndpointError, ResolveError};
pub use listener::{BindError, Listener};
pub use stream::{Peer, Stream};
pub use trace::{Call, Trace, TraceEvent};
pub use unix::SocketFileError;
