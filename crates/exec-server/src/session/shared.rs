//! What the two threads of a connection share.

use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proto::sync::lock;
use proto::wire::session::{FrameType, ServerState, Unexpected};

use super::output::FrameWriter;
use crate::client::Client;
use crate::close_reason::CloseReason;

/// The connection, as both threads see it.
pub struct Shared {
    pub client: Client,
    pub writer: Arc<FrameWriter>,
    now: Mutex<Now>,
}

struct Now {
    state: ServerState,
    /// Since when no command runs, while none does.
    idle_since: Instant,
    /// The reader has ended.
    over: bool,
    /// Why the runner has ended before it.
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

    /// Checks that a frame of this type may come now.
    pub fn receive(&self, kind: FrameType) -> Result<(), Unexpected> {
        let mut now = lock(&self.now);
        now.state = now.state.receive(kind)?;
        Ok(())
    }

    /// The command is over; the next may come.
    pub fn command_ended(&self) {
        let mut now = lock(&self.now);
        now.state = now.state.command_ended();
        now.idle_since = Instant::now();
    }

    pub fn is_running(&self) -> bool {
        lock(&self.now).state.is_running()
    }

    /// How long no command has run; `None` while one does.
    pub fn idle_for(&self) -> Option<Duration> {
        let now = lock(&self.now);
        (!now.state.is_running()).then(|| now.idle_since.elapsed())
    }

    /// The client has yet to take what it was sent.
    pub fn restart_idle(&self) {
        lock(&self.now).idle_since = Instant::now();
    }

    /// The runner cannot go on. What fails because the reader has ended is no news.
    pub fn runner_failed(&self, why: CloseReason) {
        let mut now = lock(&self.now);
        if !now.over {
            now.failure = Some(why);
        }
    }

    /// The reader ends; gives the reason of the runner where that was first.
    pub fn reader_ends(&self) -> Option<CloseReason> {
        let mut now = lock(&self.now);
        now.over = true;
        now.failure.take()
    }

    /// Ends the connection, and with it the waiting of the other thread.
    pub fn close(&self) {
        // It may be closed already.
        let _ = self.client.stream.shutdown(Shutdown::Both);
    }
}
