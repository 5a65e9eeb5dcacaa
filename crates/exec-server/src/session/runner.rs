//! Forwards the output of one command, on a thread of its own, and tells how the command ended.

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use proto::cli::show_duration;
use proto::net::InputHold;
use proto::wire::session::{ExitStatus, FrameType};

use super::shared::Shared;
use crate::close_reason::CloseReason;
use crate::engine::{EngineError, Outcome, Running, Stopped};

/// The runner of a command that the reader has started, or failed to start.
pub struct Runner {
    pub shared: Arc<Shared>,
    pub command: Vec<u8>,
    pub at: Instant,
    /// If the server stops, the running command may finish.
    pub _held: InputHold,
}

impl Runner {
    pub fn run(self, running: Result<Running, EngineError>) {
        if let Err(error) = self.finish(running) {
            let limit = self.shared.client.context.options.write_timeout();
            self.shared.ends(CloseReason::from(error).of_write(limit));
            self.shared.close();
        }
    }

    fn finish(&self, running: Result<Running, EngineError>) -> io::Result<()> {
        let client = &self.shared.client;
        let (shared, theirs) = (&self.shared, Arc::clone(&self.shared));
        let out = |bytes: &[u8]| shared.send(FrameType::Stdout, bytes);
        let err = move |bytes: &[u8]| theirs.send(FrameType::Stderr, bytes);
        match running.and_then(|running| running.pump(out, err)) {
            Ok(outcome) => {
                client.log_command(&self.command, &outcome, self.at.elapsed());
                self.tell(outcome)
            }
            Err(error) => {
                client.log_not_run(&error);
                let words = error.to_string();
                self.shared.end_command(FrameType::Error, words.as_bytes())
            }
        }
    }

    fn tell(&self, outcome: Outcome) -> io::Result<()> {
        let options = self.shared.client.context.options;
        match outcome.stopped {
            Some(Stopped::TimedOut) => {
                let timeout = show_duration(options.command_timeout().unwrap_or_default());
                let alive = match outcome.status {
                    Some(_) => "",
                    None => "; it could not be ended and goes on",
                };
                let text = format!("timed out after {timeout}{alive}");
                return self.shared.end_command(FrameType::Error, text.as_bytes());
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
            self.shared.send(FrameType::Note, text.as_bytes())?;
        }
        // Both numbers fit into a byte. Only a stopped command can have no status.
        let status = match outcome.status.and_then(|status| status.signal()) {
            Some(signal) => ExitStatus::Signal(signal as u8),
            None => {
                let code = outcome.status.and_then(|status| status.code());
                ExitStatus::Code(code.unwrap_or(255) as u8)
            }
        };
        self.shared
            .end_command(FrameType::Exit, status.encode().as_bytes())
    }
}

impl Drop for Runner {
    /// After a panic the reader must not wait for this thread.
    fn drop(&mut self) {
        if thread::panicking() {
            self.shared.close();
        }
    }
}
