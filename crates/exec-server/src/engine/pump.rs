//! From one pipe to the sink, until the pipe ends.

use std::thread;

use super::job::Job;
use super::outcome::Stopped;
use super::outlet::Outlet;
use super::sink::{Sink, Stream};

/// The first buffer: most commands say little, and a page costs nothing to make.
const SMALL: usize = 4096;
/// The buffer once a read has filled the small one: all that a pipe holds by default.
const LARGE: usize = 65_536;

/// Hands on what comes and returns how many bytes the sink has taken.
///
/// When the sink fails the job is stopped, and what still comes is read and dropped: a process
/// that clears up after TERM must not hang on its output.
pub(super) fn pump<S: Sink>(outlet: &Outlet, stream: Stream, sink: &S, job: &Job) -> u64 {
    let _guard = StopOnPanic { outlet, job };
    let mut buffer = vec![0; SMALL];
    let mut wanted = true;
    let mut taken = 0;
    while let Some(length) = outlet.read(&mut buffer) {
        if wanted {
            match sink.chunk(stream, &buffer[..length]) {
                Ok(()) => taken += length as u64,
                Err(error) => {
                    wanted = false;
                    job.stop(Stopped::Sink(error));
                }
            }
        }
        if length == SMALL && buffer.len() < LARGE {
            buffer = vec![0; LARGE];
        }
    }
    taken
}

/// Ends the command when the sink panics: nobody would read its output any more.
struct StopOnPanic<'a> {
    outlet: &'a Outlet,
    job: &'a Job,
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.outlet.leave();
            self.job.stop(Stopped::Cancelled);
        }
    }
}
