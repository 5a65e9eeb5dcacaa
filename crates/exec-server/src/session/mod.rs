//! Serves a connection in the session protocol: authenticated, streaming, one command at a time.
//!
//! Two threads serve it. The reader, which is the connection's own, starts commands and notices
//! when the client leaves; the runner forwards their output.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake |
//! | `reader`, `runner` | the two threads |
//! | `shared` | the state that they share |
//! | `output` | a command's output as sealed frames |

mod handshake;
mod output;
mod reader;
mod runner;
mod shared;

use std::sync::Arc;
use std::sync::mpsc;

use crate::client::Client;
use crate::close_reason::CloseReason;
use output::FrameWriter;
use reader::{Incoming, Link};
use runner::Runner;
use shared::Shared;

/// Serves a client until it leaves.
pub fn serve(client: &Client, known: &mut bool) -> Result<(), CloseReason> {
    client.stream.set_nodelay()?;
    let (sealer, opener) = {
        let permit = client.context.unauthenticated.enter();
        let _permit = permit.map_err(CloseReason::LimitReached)?;
        handshake::authenticate(client)?
    };
    *known = true;
    client
        .log()
        .info(format_args!("{} authenticated", client.peer));
    client.set_timeouts()?;

    let writer = FrameWriter::new(client.clone(), sealer);
    let shared = Arc::new(Shared::new(client.clone(), writer));
    let (to_runner, queue) = mpsc::sync_channel(1);
    let mut link = Link::new(&shared, to_runner);
    let runner = Runner::new(Arc::clone(&shared), queue);
    let runner = match client.context.pool.start(move || runner.run()) {
        Ok(runner) => runner,
        Err(error) => {
            let reason = CloseReason::NoThread(error);
            link.say_why(&reason);
            return Err(reason);
        }
    };
    let mut incoming = Incoming::new(client.traced(&*client.stream), opener);
    let reason = incoming.read(&mut link);
    let reason = shared.reader_ends().unwrap_or_else(|| {
        link.say_why(&reason);
        reason
    });
    // Ends the running command, and with it the runner.
    drop(link);
    let _ = runner.join();
    Err(reason)
}
