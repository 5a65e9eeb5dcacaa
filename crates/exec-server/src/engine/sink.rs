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
    /// How many bytes to leave free in front of each chunk, for a frame's header: header and body
    /// then leave in one write, and no body is copied.
    const HEADROOM: usize = 0;

    /// Takes one chunk: `buffer[Self::HEADROOM..]`, 1 byte to 64 KiB. All of `buffer` may be
    /// written over.
    ///
    /// # Errors
    ///
    /// An error means that the output is wanted no longer. It ends the command and becomes
    /// [`Stopped::Sink`](super::Stopped::Sink); the sink is not called again for this stream.
    fn chunk(&self, stream: Stream, buffer: &mut [u8]) -> io::Result<()>;
}
