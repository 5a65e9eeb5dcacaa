//! The trait of receivers of a command's output.

use std::io;

/// Which of a command's two outputs a chunk comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes a command's output, chunk by chunk, as it is written.
///
/// Two threads call it, one for each [`Stream`], so a shared socket needs a lock that is held for
/// one chunk. A slow sink slows the command down: nothing is buffered beyond the pipe's 64 KiB and
/// the current chunk.
pub trait Sink: Send + Sync + 'static {
    /// Takes one chunk, 1 byte to 64 KiB.
    ///
    /// # Errors
    ///
    /// An error means that the output is no longer wanted. It ends the command and becomes
    /// [`Stopped::Sink`](super::Stopped::Sink); the sink is not called again for this stream.
    fn chunk(&self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
}
