//! A running command: its input, its output, and its end.

use std::io;
use std::panic;
use std::sync::Arc;

use super::error::EngineError;
use super::input::Input;
use super::job::Job;
use super::outcome::{Outcome, Stopped};
use super::outlet::Outlet;

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

    /// Passes the command's standard output to `out` and its standard error to `err` as they
    /// arrive, in chunks of 1 byte to 64 KiB, and returns when the command is over. An input that
    /// was not taken ends now.
    ///
    /// The calling thread reads standard output and another thread reads standard error, so that
    /// neither pipe fills up while the other is read. The other thread has dropped `err` when this
    /// returns. A sink that blocks slows the command down: nothing is buffered beyond the pipe's 64
    /// KiB and the current chunk. An error of a sink means that the output is no longer wanted: it
    /// ends the command and becomes [`Stopped::Sink`], and that sink is not called again.
    ///
    /// # Errors
    ///
    /// If the second thread cannot be started (the command has then been ended), or if the
    /// command's status is unknown.
    ///
    /// # Panics
    ///
    /// Only if a sink panics; the command is ended first.
    pub fn pump(
        self,
        out: impl FnMut(&[u8]) -> io::Result<()>,
        err: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<Outcome, EngineError> {
        let Self {
            outlets: [stdout, stderr],
            input,
            hold,
        } = self;
        drop(input);
        let job = Arc::clone(&hold.job);
        let stderr = hold
            .job
            .engine
            .pool
            .start(move || stderr.pump(err, |why| job.stop(why)))
            .map_err(|why| EngineError::Failed("cannot start a thread", why))?;
        let stdout = stdout.pump(out, |why| hold.job.stop(why));
        let stderr = stderr
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic));
        let (status, stopped) = hold.job.finish();
        let status = status
            .transpose()
            .map_err(|why| EngineError::Failed("cannot learn how the command ended", why))?;
        Ok(Outcome {
            group: hold.job.group,
            status,
            stopped,
            cut: stdout.cut || stderr.cut,
            stdout: stdout.taken,
            stderr: stderr.taken,
        })
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
