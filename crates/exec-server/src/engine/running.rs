//! A command that runs: its input, its output, and the handle that ends it.

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use super::Core;
use super::collect::{Collected, Collector};
use super::error::EngineError;
use super::input::{Inlet, Input};
use super::job::{Ended, Job};
use super::outcome::{Outcome, Status, Stopped};
use super::outlet::Outlet;
use super::sink::{Sink, Stream};

/// A command that was started and whose output waits to be read.
///
/// Dropping it instead of pumping it ends the command, and waits for that.
#[derive(Debug)]
pub struct Running {
    outlets: [Arc<Outlet>; 2],
    input: Option<Input>,
    hold: Hold,
}

impl Running {
    pub(super) fn new(
        core: Arc<Core>,
        job: Job,
        outlets: [Arc<Outlet>; 2],
        inlet: Option<Arc<Inlet>>,
    ) -> Self {
        let job = Arc::new(job);
        core.clock.add(Arc::clone(&job));
        let input = inlet.clone().map(|it| Input::new(it, Arc::clone(&core)));
        let hold = Hold {
            core,
            job,
            inlet,
            finished: false,
        };
        Self {
            outlets,
            input,
            hold,
        }
    }

    /// A handle that ends the command from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.hold.job))
    }

    /// The command's standard input, once, and only where the request asked for it.
    pub fn take_input(&mut self) -> Option<Input> {
        self.input.take()
    }

    /// Hands the command's output to `sink` as it comes, and returns when the command is over.
    ///
    /// The calling thread reads standard output and one more thread reads standard error, both
    /// from beginning to end, so that neither pipe fills up while the other is waited for. That
    /// thread has let go of `sink` when this returns. An input that was not taken ends now.
    ///
    /// # Errors
    ///
    /// [`EngineError::Thread`] where the second thread does not start (the command has then been
    /// ended), [`EngineError::Lost`] where the command's status cannot be had.
    ///
    /// # Panics
    ///
    /// Only if `sink` does; the command is ended first.
    pub fn pump<S: Sink>(self, sink: &Arc<S>) -> Result<Outcome, EngineError> {
        let Self {
            outlets: [out, err],
            input,
            hold,
        } = self;
        drop(input);
        let (their_sink, job) = (Arc::clone(sink), Arc::clone(&hold.job));
        let stderr = hold
            .core
            .pool
            .start(move || err.pump(Stream::Stderr, &*their_sink, &|why| job.stop(why)))
            .map_err(EngineError::Thread)?;
        let stdout = out.pump(Stream::Stdout, &**sink, &|why| hold.job.stop(why));
        let stderr = stderr
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic));
        let group = hold.job.group();
        let ended = hold.finish();
        let status = ended.status.transpose().map_err(EngineError::Lost)?;
        Ok(Outcome {
            group,
            status: status.map(Status::of),
            stopped: ended.stopped,
            cut: stdout.cut || stderr.cut,
            stdout: stdout.taken,
            stderr: stderr.taken,
        })
    }

    /// Pumps the command and keeps its output, up to `limit` bytes of both streams together.
    ///
    /// # Errors
    ///
    /// As [`Running::pump`].
    pub fn collect(self, limit: usize) -> Result<(Outcome, Collected), EngineError> {
        let collector = Arc::new(Collector::new(limit));
        let outcome = self.pump(&collector)?;
        Ok((outcome, collector.take()))
    }
}

/// Sees to it that a command which was started is ended and reaped, whatever happens.
#[derive(Debug)]
struct Hold {
    core: Arc<Core>,
    job: Arc<Job>,
    inlet: Option<Arc<Inlet>>,
    finished: bool,
}

impl Hold {
    fn finish(mut self) -> Ended {
        self.finished = true;
        self.end()
    }

    fn end(&self) -> Ended {
        let ended = self.job.finish();
        if ended.status.is_some() {
            self.core.clock.remove(&self.job);
        }
        if let Some(inlet) = &self.inlet {
            inlet.shut();
        }
        ended
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.finished {
            self.job.stop(Stopped::Cancelled);
            self.end();
        }
    }
}

/// Ends a command from any thread: when the client has left, when the server stops.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<Job>);

impl Canceller {
    /// Sends TERM to the command's whole group at once, and KILL after the kill-after time to what
    /// is left of it. Does nothing to a command that is ending or over.
    ///
    /// A sink may be what the command's threads wait in; it must be freed by the caller, who knows
    /// what it waits for (a socket to shut down).
    pub fn cancel(&self) {
        self.0.stop(Stopped::Cancelled);
    }

    /// How long the shell has ended while a process in the background holds an output. The clock is
    /// looked at ten times a second.
    pub fn held_open(&self) -> Option<Duration> {
        self.0.held_open()
    }

    /// The number of the command's process group.
    #[cfg(test)]
    pub fn group(&self) -> u32 {
        self.0.group()
    }
}
