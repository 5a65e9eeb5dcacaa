//! Writes a command's standard input.
//!
//! A command need not read its input, and then a write would block. The thread that reads the
//! connection must not block there, because it could not notice that the client leaves. So the pipe
//! is non-blocking; std cannot wait for it, so a full pipe is tried again after a pause.

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use proto::retry;

use super::job::Job;
use super::os::InputPipe;
use super::pauses::pause;

/// Takes a command's input. Dropping it ends the input.
pub struct Input {
    /// `None` once the command has closed its input or has ended.
    pipe: Option<InputPipe>,
    /// When the pipe last took bytes.
    taken: Instant,
    job: Arc<Job>,
}

impl Input {
    pub(super) fn new(pipe: InputPipe, job: Arc<Job>) -> Self {
        Self {
            pipe: Some(pipe),
            taken: Instant::now(),
            job,
        }
    }

    /// Writes `bytes` and takes off what is written. False if the command has not read enough
    /// within `time`.
    ///
    /// If the command has closed its input, these and all later bytes are dropped.
    pub fn offer(&mut self, bytes: &mut &[u8], time: Duration) -> bool {
        let end = Instant::now() + time;
        while let Some(pipe) = &mut self.pipe
            && !bytes.is_empty()
        {
            match retry(|| pipe.write(bytes)) {
                Ok(count) => {
                    *bytes = &bytes[count..];
                    self.taken = Instant::now();
                }
                // A background process may hold the other end and not read.
                Err(error) if error.kind() == ErrorKind::WouldBlock && !self.job.is_over() => {
                    if Instant::now() >= end {
                        return false;
                    }
                    thread::sleep(pause(self.taken));
                }
                Err(_) => self.pipe = None,
            }
        }
        true
    }
}
