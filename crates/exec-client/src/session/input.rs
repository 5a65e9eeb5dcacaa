//! Forwards our standard input to the command.

use std::io::Read;
use std::sync::{Arc, mpsc};

use proto::cli::{self, Failure, start_thread};
use proto::retry;
use proto::wire::session::BODY_LIMIT;

use super::Outcome;
use super::connection::Connection;

/// Sends our standard input to the command, in a thread of its own, until it ends. The thread may
/// still wait for input when the command has ended; it ends with the process.
pub fn forward(connection: Arc<Connection>, report: mpsc::Sender<Outcome>) -> Result<(), Failure> {
    let forward = move || {
        let mut stdin = cli::stdin();
        let mut buffer = vec![0; BODY_LIMIT];
        loop {
            let piece = match retry(|| stdin.read(&mut buffer)) {
                Ok(count) => &buffer[..count],
                Err(error) => {
                    // The command must not take the part that it has received for the whole.
                    let failure = Failure::io("cannot read standard input", &error);
                    let _ = report.send(Err(failure));
                    return;
                }
            };
            // If the connection is lost, the receiver reports it.
            if connection.send_input(piece).is_err() || piece.is_empty() {
                return;
            }
        }
    };
    start_thread("stdin", forward).map(drop)
}
