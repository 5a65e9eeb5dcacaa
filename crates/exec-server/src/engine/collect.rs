//! A sink that collects the output, for protocols that send its length first.

use std::io::{self, ErrorKind};
use std::sync::Mutex;

use proto::sync::lock;

use super::sink::{Sink, Stream};

/// Keeps a command's output, up to a limit on both streams together: Python's `communicate()`, with
/// a limit.
#[derive(Debug)]
pub(super) struct Collector {
    pub(super) limit: usize,
    pub(super) collected: Mutex<Collected>,
}

/// The output that [`Running::collect`](super::Running::collect) has kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
    /// Whether the command was ended because its output exceeded the limit. Only the beginning is
    /// kept then.
    pub over_limit: bool,
}

impl Sink for Collector {
    fn chunk(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let mut collected = lock(&self.collected);
        let kept = collected.stdout.len() + collected.stderr.len();
        if kept.saturating_add(bytes.len()) > self.limit {
            collected.over_limit = true;
            return Err(ErrorKind::FileTooLarge.into());
        }
        match stream {
            Stream::Stdout => collected.stdout.extend_from_slice(bytes),
            Stream::Stderr => collected.stderr.extend_from_slice(bytes),
        }
        Ok(())
    }
}
