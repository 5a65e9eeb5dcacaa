//! Forwards our standard input to the command.

use std::sync::{Arc, mpsc};

use proto::cli::{Failure, forward_stdin, start_thread};
use proto::wire::session::BODY_LIMIT;

use super::Outcome;
use super::connection::Connection;

/// Sends our standard input to the command, in a thread of its own, until it ends. The thread may
/// still wait for input when the command has ended; it ends with the process.
pub fn forward(connection: Arc<Connection>, report: mpsc::Sender<Outcome>) -> Result<(), Failure> {
    let forward = move || {
        let forwarded = forward_stdin(BODY_LIMIT, |piece| connection.send_input(piece));
        if let Err(failure) = forwarded {
            // The command must not take the part that it has received for the whole.
            let _ = report.send(Err(failure));
        }
    };
    start_thread("stdin", forward).map(drop)
}
