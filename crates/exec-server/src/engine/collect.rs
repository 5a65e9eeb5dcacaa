//! A sink for protocols that must know how much there is before they send any of it.

use std::io;
use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proto::sync::lock;

use super::sink::{Sink, Stream};

/// Keeps a command's output, up to a limit on both streams together: Python's `communicate()`,
/// with a bound.
#[derive(Debug)]
pub(super) struct Collector {
    limit: usize,
    taken: AtomicUsize,
    over: AtomicBool,
    stdout: Mutex<Vec<u8>>,
    stderr: Mutex<Vec<u8>>,
}

/// What [`Running::collect`](super::Running::collect) has kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Collected {
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
    /// The command was ended because there was more than the limit; what is here is the beginning.
    pub over_limit: bool,
}

impl Collector {
    /// Keeps at most `limit` bytes.
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            stdout: Mutex::new(Vec::new()),
            stderr: Mutex::new(Vec::new()),
        }
    }

    /// Hands over what was kept so far.
    pub(super) fn take(&self) -> Collected {
        Collected {
            stdout: mem::take(&mut lock(&self.stdout)),
            stderr: mem::take(&mut lock(&self.stderr)),
            over_limit: self.over.load(Ordering::Relaxed),
        }
    }
}

impl Sink for Collector {
    fn chunk(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let before = self.taken.fetch_add(bytes.len(), Ordering::Relaxed);
        if before.saturating_add(bytes.len()) > self.limit {
            self.over.store(true, Ordering::Relaxed);
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let kept = match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        };
        lock(kept).extend_from_slice(bytes);
        Ok(())
    }
}
