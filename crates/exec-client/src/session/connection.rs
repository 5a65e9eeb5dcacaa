//! The state that the threads of a session share.

use std::io;
use std::net::Shutdown;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use proto::cli::Failure;
use proto::net::Stream;
use proto::sync::lock;
use proto::wire::session::{ClientState, FrameType, Sealer, SessionError};

use super::Outcome;
use crate::options::Options;

/// An authenticated stream and the state of its session.
pub struct Connection {
    pub options: &'static Options,
    pub stream: Stream,
    outcomes: mpsc::Sender<Outcome>,
    /// Locked while a frame is sent: frames are numbered, so they must be sent in the order of
    /// sealing.
    sealer: Mutex<Sealer>,
    pub(super) now: Mutex<Now>,
}

pub(super) struct Now {
    state: ClientState,
    /// Whether the receiver has ended.
    is_over: bool,
    /// Whether input was sent for the running command. The server may not read further until the
    /// command reads that.
    pub(super) input_sent: bool,
    /// When a frame about the running command was last passed on.
    pub(super) silent_since: Instant,
}

impl Connection {
    /// The outcome of each command goes to `outcomes`.
    pub fn new(
        options: &'static Options,
        stream: Stream,
        sealer: Sealer,
        outcomes: mpsc::Sender<Outcome>,
    ) -> Self {
        Self {
            options,
            stream,
            outcomes,
            sealer: Mutex::new(sealer),
            now: Mutex::new(Now {
                state: ClientState::Idle,
                is_over: false,
                input_sent: false,
                silent_since: Instant::now(),
            }),
        }
    }

    /// Sends frames in one write.
    pub fn send<const N: usize>(&self, frames: [(FrameType, &[u8]); N]) -> io::Result<()> {
        let Options { log, endpoint, .. } = self.options;
        lock(&self.sealer).send(&mut log.traced(endpoint, &self.stream), frames)
    }

    /// Sends a command, and with it the end of its input if it gets none. False if the receiver has
    /// ended. If the connection is lost here, the receiver ends and reports it.
    pub fn start_command(&self, command: &[u8], with_input: bool) -> bool {
        {
            let mut now = lock(&self.now);
            if now.is_over {
                return false;
            }
            now.state = ClientState::Running;
            now.input_sent = false;
            now.silent_since = Instant::now();
        }
        let command = (FrameType::Command, command);
        let sent = match with_input {
            true => self.send([command]),
            false => self.send([command, (FrameType::StdinEof, b"")]),
        };
        if sent.is_err() {
            // The receiver can still read what the server sent before it closed.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        true
    }

    /// Sends a piece of the command's input, or the end of it.
    pub fn send_input(&self, piece: &[u8]) -> io::Result<()> {
        if piece.is_empty() {
            return self.send([(FrameType::StdinEof, b"")]);
        }
        lock(&self.now).input_sent = true;
        self.send([(FrameType::Stdin, piece)])
    }

    /// Tells the main thread how the command ended.
    pub fn report(&self, outcome: Outcome) {
        // If the main thread has ended, the process is about to end.
        let _ = self.outcomes.send(outcome);
    }

    /// Marks the receiver as ended, and reports `failure` if a command was still running.
    pub fn end(&self, failure: Failure) {
        let mut now = lock(&self.now);
        now.is_over = true;
        if now.state == ClientState::Running {
            self.report(Err(failure));
        }
    }

    /// Checks that a received frame is allowed. Returns whether a command ran.
    pub fn receive(&self, kind: FrameType) -> Result<bool, SessionError> {
        let mut now = lock(&self.now);
        let before = now.state;
        now.state = before.receive(kind)?;
        Ok(before == ClientState::Running)
    }

    /// For how long no frame about the running command was passed on.
    pub fn silent_for(&self) -> Duration {
        let now = lock(&self.now);
        match now.state {
            ClientState::Running => now.silent_since.elapsed(),
            _ => Duration::ZERO,
        }
    }
}
