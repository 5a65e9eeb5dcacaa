//! A running command: its input, its output, and the handle that ends it.

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

/// A started command, whose output was not read yet.
///
/// Dropping it without pumping it ends the command, and waits for its end.
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

    /// The command's standard input, if the request asked for it. Later calls return `None`.
    pub fn take_input(&mut self) -> Option<Input> {
        self.input.take()
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

    /// Pumps the command and collects its output, up to `limit` bytes of both streams together.
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

/// Ensures that a started command is ended and reaped.
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

/// Ends a command from any thread, when the client has left or the server stops.
#[derive(Clone, Debug)]
pub struct Canceller(Arc<Job>);

impl Canceller {
    /// Sends TERM to the command's whole group at once, and KILL to its rest after the kill-after
    /// time. Does nothing if the command is ending or over.
    ///
    /// If the command's threads are blocked in the sink, the caller must unblock it, for example by
    /// shutting down its socket.
    pub fn cancel(&self) {
        self.0.stop(Stopped::Cancelled);
    }

    /// How long a background process has held an output after the shell's end. The clock checks ten
    /// times a second.
    pub fn held_open(&self) -> Option<Duration> {
        self.0.held_open()
    }

    /// The ID of the command's process group.
    #[cfg(test)]
    pub fn group(&self) -> u32 {
        self.0.group()
    }
}
