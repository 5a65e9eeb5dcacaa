//! A command's standard input, written by a thread of its own.
//!
//! A command need not read its input, and then writing to it waits. The thread that reads the
//! connection must not wait so: it could not see the client leave.

use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use proto::sync::{lock, wait_timeout_while, wait_while};

use super::Core;

/// Takes a command's input, a piece at a time. Dropping it ends the input after the last piece.
#[derive(Debug)]
pub struct Input {
    inlet: Arc<Inlet>,
    core: Arc<Core>,
}

/// The writing end, shared between the [`Input`], its thread and the end of the command.
#[derive(Debug)]
pub(super) struct Inlet {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// `None`: the command wants no more input, or is over.
    pipe: Option<Arc<PipeWriter>>,
    /// Waits while the piece before it is written.
    piece: Option<Vec<u8>>,
    has_thread: bool,
    ended: bool,
}

impl Input {
    pub(super) const fn new(inlet: Arc<Inlet>, core: Arc<Core>) -> Self {
        Self { inlet, core }
    }

    /// Hands over a piece. `false` where the command has not read enough of the ones before it
    /// within `time`.
    ///
    /// A command need not read its input: what it does not want is dropped, here and from now on.
    ///
    /// # Errors
    ///
    /// Fails where no thread can be started for it.
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

    /// Closes the pipe, also under a write that waits: the command is over.
    pub(super) fn shut(&self) {
        let pipe = lock(&self.state).pipe.take();
        self.changed.notify_all();
        let Some(pipe) = pipe.filter(|pipe| Arc::strong_count(pipe) > 1) else {
            return;
        };
        // A process in the background may hold the other end and not read. Linux lets a process open
        // its own pipe at the other end: read until the writer has let go.
        let Ok(mut reader) = File::open(format!("/proc/self/fd/{}", pipe.as_raw_fd())) else {
            return;
        };
        drop(pipe);
        let mut discarded = [0; 4096];
        while !matches!(reader.read(&mut discarded), Ok(0) | Err(_)) {}
    }
}
