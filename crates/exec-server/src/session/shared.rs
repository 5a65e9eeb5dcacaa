//! The state that the two threads of a connection share.

use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proto::sync::lock;
use proto::wire::session::{FrameType, ServerState, Unexpected};

use super::output::FrameWriter;
use crate::client::Client;
use crate::close_reason::CloseReason;

/// The connection, shared by both threads.
pub struct Shared {
    pub client: Client,
    pub writer: Arc<FrameWriter>,
    now: Mutex<Now>,
}

struct Now {
    state: ServerState,
    /// When the last command ended, while none runs.
    idle_since: Instant,
    /// Whether the reader has ended.
    over: bool,
    /// Why the runner ended before the reader.
    failure: Option<CloseReason>,
}

impl Shared {
    pub fn new(client: Client, writer: FrameWriter) -> Self {
        Self {
            client,
            writer: Arc::new(writer),
            now: Mutex::new(Now {
                state: ServerState::Idle,
                idle_since: Instant::now(),
                over: false,
                failure: None,
            }),
        }
    }

    /// Checks that a frame of this type is allowed now.
    pub fn receive(&self, kind: FrameType) -> Result<(), Unexpected> {
        let mut now = lock(&self.now);
        now.state = now.state.receive(kind)?;
        Ok(())
    }

    /// Marks the command as ended, so that the next one is allowed.
    pub fn command_ended(&self) {
        let mut now = lock(&self.now);
        now.state = now.state.command_ended();
        now.idle_since = Instant::now();
    }

    pub fn is_running(&self) -> bool {
        lock(&self.now).state.is_running()
    }

    /// For how long no command has run; `None` while one runs.
    pub fn idle_for(&self) -> Option<Duration> {
        let now = lock(&self.now);
        (!now.state.is_running()).then(|| now.idle_since.elapsed())
    }

    /// Restarts the idle time: the client has not yet taken all its output.
    pub fn restart_idle(&self) {
        lock(&self.now).idle_since = Instant::now();
    }

    /// Records why the runner cannot go on, unless the reader has ended.
    pub fn runner_failed(&self, why: CloseReason) {
        let mut now = lock(&self.now);
        if !now.over {
            now.failure = Some(why);
        }
    }

    /// Marks the reader as ended. Returns the runner's reason, if the runner ended first.
    pub fn reader_ends(&self) -> Option<CloseReason> {
        let mut now = lock(&self.now);
        now.over = true;
        now.failure.take()
    }

    /// Shuts the connection down, which also wakes the other thread.
    pub fn close(&self) {
        // It may be shut down already.
        let _ = self.client.stream.shutdown(Shutdown::Both);
    }
}
