//! The state that the threads of a connection share.

use std::net::Shutdown;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use proto::sync::lock;
use proto::wire::session::{FrameType, Sealer, ServerState, SessionError};

use crate::client::Client;
use crate::close_reason::CloseReason;

/// The connection, shared by its reader and the runner of its command.
pub struct Shared {
    pub client: Client,
    /// Frames are numbered, so they are sent in the order in which they are sealed, under this lock.
    /// `None` after a write has failed: a part of a frame may have been sent, so nothing may follow.
    pub(super) sealer: Mutex<Option<Sealer>>,
    pub(super) ping_due: AtomicBool,
    pub(super) pong_due: AtomicBool,
    pub(super) now: Mutex<Now>,
}

pub(super) struct Now {
    state: ServerState,
    /// When the last command ended, while none runs.
    idle_since: Instant,
    /// Why the connection ends: the first reason of a thread.
    pub(super) reason: Option<CloseReason>,
}

impl Shared {
    pub fn new(client: Client, sealer: Sealer) -> Self {
        Self {
            client,
            sealer: Mutex::new(Some(sealer)),
            ping_due: AtomicBool::new(false),
            pong_due: AtomicBool::new(false),
            now: Mutex::new(Now {
                state: ServerState::Idle,
                idle_since: Instant::now(),
                reason: None,
            }),
        }
    }

    /// Checks that a frame of this type is allowed now.
    pub fn receive(&self, kind: FrameType) -> Result<(), SessionError> {
        let mut now = lock(&self.now);
        now.state = now.state.receive(kind)?;
        Ok(())
    }

    /// Marks the command as ended, so that the next one is allowed.
    pub(super) fn command_ended(&self) {
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

    /// Records why the connection ends, unless another thread was first.
    pub fn ends(&self, why: CloseReason) {
        lock(&self.now).reason.get_or_insert(why);
    }

    /// Shuts the connection down, which also wakes the other thread.
    pub fn close(&self) {
        // It may be shut down already.
        let _ = self.client.stream.shutdown(Shutdown::Both);
    }
}
