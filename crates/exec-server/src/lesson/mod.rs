//! Serves a connection in one of the lesson's three protocols: the client sends a raw command, the
//! server sends its whole output, and then the next command follows.
//!
//! | module | what it is for |
//! |---|---|
//! | `request` | finds the end of a command in a stream without boundaries |
//! | `reply` | runs the command, and frames its output in three ways |

mod reply;
mod request;

use crate::client::Client;
use crate::close_reason::CloseReason;
use crate::engine::COMMAND_LIMIT;
use request::{Received, Requests};

/// Serves a client until it leaves.
pub fn serve(client: &Client, known: &mut bool) -> Result<(), CloseReason> {
    client.stream.set_nodelay()?;
    let options = &client.context.options;
    let mut traced = client.traced(&*client.stream);
    let mut requests = Requests::within(options.handshake_timeout);
    loop {
        client.set_timeouts()?;
        let request = match requests.receive(&mut traced, &client.stream)? {
            Received::Request(request) => request,
            Received::End => return Ok(()),
            Received::Idle => {
                let limit = options.idle_timeout.unwrap_or_default();
                return Err(CloseReason::Idle(limit));
            }
            Received::Endless => return Err(CloseReason::Endless),
            Received::WrongProtocol(what) => return Err(CloseReason::WrongProtocol(what)),
        };
        *known = true;
        // If the server stops, the running command may finish.
        let _held = client.stream.hold_input();
        let reply = if request.length > COMMAND_LIMIT {
            reply::too_long(client, request.length)
        } else {
            reply::run(client, request.command)
        };
        // `receive` may have changed the timeouts.
        client.set_timeouts()?;
        let sent = reply::send(&reply, &mut traced, client);
        sent.map_err(|reason| reason.of_write(options.write_timeout()))?;
        if request.may_be_cut {
            return Err(CloseReason::MaybeCut);
        }
    }
}
