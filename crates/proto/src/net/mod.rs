//! TCP and Unix-domain sockets with one [`Endpoint`], [`Stream`] and [`Listener`] type, UDP
//! sockets, deadlines, and a trace of every call.
//!
//! This layer uses std's sockets and knows no message format.

mod bind;
mod connect;
mod deadline;
mod endpoint;
mod kernel;
mod listener;
mod refusal;
mod resolve;
mod stream;
mod trace;
mod udp;
#[cfg_attr(windows, path = "no_unix.rs")]
mod unix;
mod wake;

pub use bind::BindError;
pub use connect::{ConnectError, connect};
pub use deadline::DeadlineStream;
pub use endpoint::{Endpoint, ParseEndpointError};
pub use kernel::{dropped_datagrams, has_unsent, has_vanished};
pub use listener::Listener;
pub(crate) use refusal::{LINGER, refusal_line};
pub use refusal::{Refused, lingering_close, refuse};
pub use resolve::ResolveError;
pub use stream::{InputHold, Peer, Stream, WeakStream};
pub use trace::{Call, Trace, TraceEvent};
pub use udp::{MAX_DATAGRAM, bind_udp, bind_udp_all, connect_udp, connect_udp_any, wake_udp};

#[cfg(unix)]
impl From<unix::UnixStream> for Stream {
    fn from(stream: unix::UnixStream) -> Self {
        Self::unix(stream)
    }
}
