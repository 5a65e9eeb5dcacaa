//! Serves a connection in the session protocol: authenticated, streaming, one command at a time.
//!
//! Two threads serve it. The reader, which is the connection's own, starts commands and notices
//! when the client leaves; the runner of a command forwards its output.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake |
//! | `reader`, `runner` | the two threads |
//! | `shared` | the state that they share |
//! | `output` | sends frames for both |

mod handshake;
mod output;
mod reader;
mod runner;
mod shared;

use std::convert::Infallible;
use std::sync::Arc;

use proto::sync::lock;

use crate::client::Client;
use crate::close_reason::CloseReason;
use reader::{Incoming, Link};
use shared::Shared;

/// Serves a client until it leaves.
pub fn serve(client: &Client, known: &mut bool) -> Result<Infallible, CloseReason> {
    client.stream.set_nodelay()?;
    let (sealer, opener) = {
        // Every program that can connect can hold a connection for the time of a handshake. With a
        // limit of their own, a flood of them does not disturb authenticated connections.
        let permit = Arc::clone(&client.context.unauthenticated);
        let others = Arc::strong_count(&permit) - 2; // without the context's and this one
        if others >= client.context.options.max_unauthenticated {
            return Err(CloseReason::LimitReached(others));
        }
        handshake::authenticate(client)?
    };
    *known = true;
    client
        .log()
        .info(format_args!("{} authenticated", client.peer));
    client.set_timeouts()?;

    let shared = Arc::new(Shared::new(client.clone(), sealer));
    let mut link = Link::new(&shared);
    let Err(reason) = Incoming::new(client.traced(&client.stream), opener).read(&mut link);
    shared.ends(reason);
    shared.say_why();
    // Ends the running command, and with it the runner.
    drop(link);
    let reason = lock(&shared.now).reason.take();
    Err(reason.unwrap_or(CloseReason::ClosedByPeer))
}
