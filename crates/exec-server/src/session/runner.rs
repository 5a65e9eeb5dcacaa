//! The thread that forwards the output of a connection's commands, one after the other.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use proto::cli::show_duration;
use proto::net::InputHold;
use proto::wire::session::{ExitStatus, FrameType};

use super::shared::Shared;
use crate::close_reason::CloseReason;
use crate::engine::{EngineError, Outcome, Running, Status, Stopped};

/// A command that the reader has started, or failed to start.
pub struct Started {
    pub command: Vec<u8>,
    pub at: Instant,
    pub running: Result<Running, EngineError>,
    /// If the server stops, the running command may finish.
    pub held: InputHold,
}

/// Takes commands from a queue until the reader drops its end.
pub struct Runner {
    shared: Arc<Shared>,
    queue: Receiver<Started>,
}

impl Runner {
    pub const fn new(shared: Arc<Shared>, queue: Receiver<Started>) -> Self {
        Self { shared, queue }
    }

    pub fn run(self) {
        for started in &self.queue {
            if let Err(error) = self.finish(started) {
                let limit = self.shared.client.context.options.write_timeout();
                let reason = CloseReason::from(error).of_write(limit);
                return self.shared.runner_failed(reason);
            }
        }
    }

    fn finish(&self, started: Started) -> io::Result<()> {
        let Started {
            command,
            at,
            running,
            held: _held,
        } = started;
        match running.and_then(|running| running.pump(&self.shared.writer)) {
            Ok(outcome) => {
                let client = &self.shared.client;
                client.log_command(&command, &outcome, at.elapsed());
                self.tell(outcome)
            }
            Err(error) => {
                self.shared.client.log_not_run(&error);
                self.end_command(FrameType::Error, error.to_string().as_bytes())
            }
        }
    }

    fn tell(&self, outcome: Outcome) -> io::Result<()> {
        let options = &self.shared.client.context.options;
        match outcome.stopped {
            Some(Stopped::TimedOut) => {
                let timeout = show_duration(options.command_timeout().unwrap_or_default());
                let alive = match outcome.status {
                    Some(_) => "",
                    None => "; it could not be ended and goes on",
                };
                let text = format!("timed out after {timeout}{alive}");
                return self.end_command(FrameType::Error, text.as_bytes());
            }
            // The reader has cancelled it, because the client has left.
            Some(Stopped::Cancelled) => return Err(ErrorKind::BrokenPipe.into()),
            Some(Stopped::Sink(error)) => return Err(error),
            None => {}
        }
        if outcome.cut {
            let drain = show_duration(options.drain.unwrap_or_default());
            let text = format!(
                "a background process still held the output {drain} after the command; the output \
                 was closed, the process was not ended"
            );
            let writer = &self.shared.writer;
            writer.send(FrameType::Note, text.as_bytes(), || ())?;
        }
        // Both numbers fit into a byte.
        let status = match outcome.status {
            Some(Status::Code(code)) => ExitStatus::Code(code as u8),
            Some(Status::Signal(signal)) => ExitStatus::Signal(signal as u8),
            // Only a stopped command can have no status.
            None => ExitStatus::Code(255),
        };
        self.end_command(FrameType::Exit, status.encode().as_bytes())
    }

    /// Sends the command's last frame. The client may send the next command as soon as it has this
    /// frame, so the state changes before it is sent.
    fn end_command(&self, kind: FrameType, body: &[u8]) -> io::Result<()> {
        let state = || self.shared.command_ended();
        self.shared.writer.send(kind, body, state)
    }
}

impl Drop for Runner {
    /// Even after a panic the reader must not wait for this thread.
    fn drop(&mut self) {
        self.shared.close();
    }
}
