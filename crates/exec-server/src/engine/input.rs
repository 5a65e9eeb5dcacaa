//! Writes a command's standard input, in a thread of its own.
//!
//! A command need not read its input, and then a write to it blocks. The thread that reads the
//! connection must not block there, because it could not notice that the client leaves.

use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use proto::sync::{lock, wait_timeout_while, wait_while};

use super::Core;

/// Takes a command's input, one piece at a time. Dropping it ends the input after the last piece.
pub struct Input {
    inlet: Arc<Inlet>,
    core: Arc<Core>,
}

/// The writing end, shared between the [`Input`], its thread and the end of the command.
pub(super) struct Inlet {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None` once the command has closed its input or has ended.
    pipe: Option<Arc<PipeWriter>>,
    /// The next piece, while the previous one is being written.
    piece: Option<Vec<u8>>,
    has_thread: bool,
    ended: bool,
}

impl Input {
    pub(super) const fn new(inlet: Arc<Inlet>, core: Arc<Core>) -> Self {
        Self { inlet, core }
    }

    /// Hands over a piece. `false` if the command has not read enough of the previous ones within
    /// `time`.
    ///
    /// If the command has closed its input, this and all later pieces are dropped.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn offer(&self, bytes: &[u8], time: Duration) -> io::Result<bool> {
        let state = lock(&self.inlet.state);
        let mut state = wait_timeout_while(&self.inlet.changed, state, time, |state| {
            state.pipe.is_some() && state.piece.is_some()
        });
        if state.pipe.is_none() || bytes.is_empty() {
            return Ok(true);
        }
        if state.piece.is_some() {
            return Ok(false);
        }
        state.piece = Some(bytes.to_vec());
        self.inlet.changed.notify_all();
        if !state.has_thread {
            let inlet = Arc::clone(&self.inlet);
            self.core.pool.start(move || inlet.write_pieces())?;
            state.has_thread = true;
        }
        Ok(true)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        let mut state = lock(&self.inlet.state);
        state.ended = true;
        if !state.has_thread {
            state.pipe = None;
        }
        self.inlet.changed.notify_all();
    }
}

impl Inlet {
    pub(super) fn new(pipe: PipeWriter) -> Self {
        Self {
            state: Mutex::new(State {
                pipe: Some(Arc::new(pipe)),
                piece: None,
                has_thread: false,
                ended: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn write_pieces(&self) {
        loop {
            let state = lock(&self.state);
            let mut state = wait_while(&self.changed, state, |state| {
                state.pipe.is_some() && state.piece.is_none() && !state.ended
            });
            let piece = state.piece.take();
            let (Some(piece), Some(pipe)) = (piece, state.pipe.clone()) else {
                state.pipe = None;
                return;
            };
            self.changed.notify_all();
            drop(state);
            if (&*pipe).write_all(&piece).is_err() {
                // The command has closed its input.
                lock(&self.state).pipe = None;
                self.changed.notify_all();
            }
        }
    }

    /// Closes the pipe when the command has ended, even while a write blocks.
    pub(super) fn shut(&self) {
        let pipe = lock(&self.state).pipe.take();
        self.changed.notify_all();
        let Some(pipe) = pipe.filter(|pipe| Arc::strong_count(pipe) > 1) else {
            return;
        };
        // A background process may hold the other end and not read. Linux lets a process open the
        // reading end of its own pipe, so this reads until the blocked write has ended.
        let Ok(mut reader) = File::open(format!("/proc/self/fd/{}", pipe.as_raw_fd())) else {
            return;
        };
        drop(pipe);
        let mut discarded = [0; 4096];
        while !matches!(reader.read(&mut discarded), Ok(0) | Err(_)) {}
    }
}
