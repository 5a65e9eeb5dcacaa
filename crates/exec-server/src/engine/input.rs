//! A command's standard input, for whoever has something to say to it.

use std::io::{self, ErrorKind, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use super::other_end;
use super::sync::lock;

/// Writes to a command's standard input. Dropping it is the input's end.
#[derive(Debug)]
pub struct Input(Arc<Inlet>);

impl Input {
    pub(super) const fn new(inlet: Arc<Inlet>) -> Self {
        Self(inlet)
    }

    /// Writes all of `bytes`, waiting while the command does not read.
    ///
    /// A command need not read its input: what it does not want is dropped, here and from now on,
    /// and that is no error. When the command is over, a write that waits returns.
    ///
    /// # Errors
    ///
    /// Whatever else can go wrong with a pipe.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Cloned, so that the lock is free while the write waits.
        let Some(pipe) = lock(&self.0.pipe).clone() else {
            return Ok(());
        };
        match (&*pipe).write_all(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.0.take();
                Ok(())
            }
            result => result,
        }
    }

    #[cfg(test)]
    /// Tells whether what is written still goes anywhere, as far as is known.
    pub fn is_open(&self) -> bool {
        lock(&self.0.pipe).is_some()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// The writing end, shared between the [`Input`] and the end of the command.
#[derive(Debug)]
pub(super) struct Inlet {
    pipe: Mutex<Option<Arc<PipeWriter>>>,
}

impl Inlet {
    pub(super) fn new(pipe: PipeWriter) -> Self {
        Self {
            pipe: Mutex::new(Some(Arc::new(pipe))),
        }
    }

    fn take(&self) -> Option<Arc<PipeWriter>> {
        lock(&self.pipe).take()
    }

    /// Closes the pipe, also under a write that waits: the command is over.
    ///
    /// The pipe of a command that is over is closed at its other end and fails such a write,
    /// unless a process in the background holds that end and does not read.
    pub(super) fn shut(&self) {
        let Some(pipe) = self.take() else {
            return;
        };
        if Arc::strong_count(&pipe) == 1 {
            return;
        }
        let Ok(mut reader) = other_end::reader_of(pipe.as_fd()) else {
            return;
        };
        // The writer now holds the last writing end: make room until it has done.
        drop(pipe);
        let mut discarded = [0; 4096];
        while !matches!(reader.read(&mut discarded), Ok(0) | Err(_)) {}
    }
}
