//! A running command: its input, its output, and its end.

use std::mem;
use std::panic;
use std::sync::{Arc, Mutex};

use proto::sync::lock;

use super::collect::{Collected, Collector};
use super::error::EngineError;
use super::input::Input;
use super::job::Job;
use super::outcome::{Outcome, Status, Stopped};
use super::outlet::Outlet;
use super::sink::{Sink, Stream};

/// A started command, whose output was not read yet.
///
/// Dropping it without pumping it ends the command, and waits for its end.
pub struct Running {
    pub(super) outlets: [Arc<Outlet>; 2],
    /// The command's standard input, if the request asked for it.
    pub input: Option<Input>,
    pub(super) hold: Hold,
}

impl Running {
    /// A handle that ends the command from another thread, when the client has left or the server
    /// stops.
    pub fn job(&self) -> Arc<Job> {
        Arc::clone(&self.hold.job)
    }

    /// Passes the command's output to `sink` as it arrives, and returns when the command is over.
    ///
    /// The calling thread reads standard output and another thread reads standard error, so that
    /// neither pipe fills up while the other is read. The other thread has dropped its `sink` when
    /// this returns. An input that was not taken ends now.
    ///
    /// # Errors
    ///
    /// [`EngineError::Thread`] if the second thread cannot be started (the command has then been
    /// ended), [`EngineError::Lost`] if the command's status is unknown.
    ///
    /// # Panics
    ///
    /// Only if `sink` panics; the command is ended first.
    pub fn pump<S: Sink>(self, sink: &Arc<S>) -> Result<Outcome, EngineError> {
        let Self {
            outlets: [out, err],
            input,
            hold,
        } = self;
        drop(input);
        let (their_sink, job) = (Arc::clone(sink), Arc::clone(&hold.job));
        let stderr = hold
            .job
            .core
            .pool
            .start(move || err.pump(Stream::Stderr, &*their_sink, |why| job.stop(why)))
            .map_err(EngineError::Thread)?;
        let stdout = out.pump(Stream::Stdout, &**sink, |why| hold.job.stop(why));
        let stderr = stderr
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic));
        let (status, stopped) = hold.job.finish();
        let status = status.transpose().map_err(EngineError::Lost)?;
        Ok(Outcome {
            group: hold.job.group,
            status: status.map(Status::of),
            stopped,
            cut: stdout.cut || stderr.cut,
            stdout: stdout.taken,
            stderr: stderr.taken,
        })
    }

    /// Pumps the command and collects its output, up to `limit` bytes of both streams together.
    ///
    /// # Errors
    ///
    /// As [`Running::pump`].
    pub fn collect(self, limit: usize) -> Result<(Outcome, Collected), EngineError> {
        let collected = Mutex::default();
        let collector = Arc::new(Collector { limit, collected });
        let outcome = self.pump(&collector)?;
        let collected = mem::take(&mut *lock(&collector.collected));
        Ok((outcome, collected))
    }
}

/// Ensures that a started command is ended and reaped.
pub(super) struct Hold {
    pub(super) job: Arc<Job>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Neither does anything if the command is over.
        self.job.stop(Stopped::Cancelled);
        self.job.finish();
    }
}
