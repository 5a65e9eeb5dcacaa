//! Serves a connection in one of the lesson's three protocols: the client sends a raw command, the
//! server sends its whole output, and then the next command follows.
//!
//! | module | what it is for |
//! |---|---|
//! | `request` | finds the end of a command in a stream without boundaries |
//! | `reply` | runs the command, and frames its output in three ways |

mod reply;
mod request;

use std::convert::Infallible;

use crate::client::Client;
use crate::close_reason::CloseReason;

/// Serves a client until it leaves.
pub fn serve(client: &Client, known: &mut bool) -> Result<Infallible, CloseReason> {
    client.stream.set_nodelay()?;
    let mut traced = client.traced(&client.stream);
    let mut buffer = Vec::new();
    loop {
        client.set_timeouts()?;
        let request = request::receive(&mut buffer, &mut traced, client)?;
        *known = true;
        // If the server stops, the running command may finish.
        let _held = client.stream.hold_input();
        let reply = reply::to(client, &request);
        let sent = reply::send(&reply, &mut traced, client);
        let limit = client.context.options.write_timeout();
        sent.map_err(|reason| reason.of_write(limit))?;
        if request.may_be_cut {
            return Err(CloseReason::MaybeCut);
        }
    }
}
