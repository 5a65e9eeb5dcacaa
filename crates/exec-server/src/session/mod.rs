//! Serves a connection in the session protocol: authenticated, streaming, one command at a time.
//!
//! Two threads serve it. The reader, which is the connection's own, starts commands and notices
//! when the client leaves; the runner of a command forwards its output.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake |
//! | `reader`, `runner` | the two threads |
//! | `shared` | the state that they share, and the frames that they send |

mod handshake;
mod reader;
mod runner;
mod shared;

use std::convert::Infallible;
use std::sync::Arc;

use crate::client::Client;
use crate::close_reason::CloseReason;
use reader::Reader;
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
    let mut reader = Reader::new(&shared, client.traced(&client.stream));
    let Err(reason) = reader.run(opener);
    let reason = shared.first_reason(reason);
    shared.say_why(&reason);
    // Ends the running command, and with it the runner.
    drop(reader);
    Err(reason)
}
