//! Where a command's output goes.

use std::io;

/// Which of a command's two outputs a chunk comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes a command's output, chunk by chunk, as it is made.
///
/// Two threads call it, one for each [`Stream`]; what they share (a socket to write to) needs a
/// lock that is held for one chunk. A slow sink slows the command: nothing is kept for it beyond
/// the pipe's 64 KiB and the chunk at hand.
pub trait Sink: Send + Sync + 'static {
    /// Takes one chunk, 1 byte to 64 KiB.
    ///
    /// # Errors
    ///
    /// An error means that the output is wanted no longer. It ends the command and becomes
    /// [`Stopped::Sink`](super::Stopped::Sink); the sink is not called again for this stream.
    fn chunk(&self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
}
