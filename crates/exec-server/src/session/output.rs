//! A command's output as sealed frames, and what else the server says.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::cli::Log;
use proto::net::{Peer, Stream, Trace, TraceEvent};
use proto::wire::session::{HEADROOM, Kind, Sealer};

use crate::engine;

/// Writes frames, from whichever thread has something to say.
pub struct FrameWriter {
    sealer: Mutex<Sealer>,
    stream: Arc<Stream>,
    peer: Peer,
    log: Log,
}

impl FrameWriter {
    pub fn new(log: Log, stream: &Arc<Stream>, peer: Peer, sealer: Sealer) -> Self {
        Self {
            sealer: Mutex::new(sealer),
            stream: Arc::clone(stream),
            peer,
            log,
        }
    }

    /// Nobody else writes while this is held: frames are numbered, so they must leave in the order
    /// in which they are sealed.
    fn hold(&self) -> MutexGuard<'_, Sealer> {
        self.sealer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one frame whose body is short.
    pub fn send(&self, kind: Kind, body: &[u8]) -> io::Result<()> {
        self.send_after(kind, body, || ())
    }

    /// Does `first` when no other frame can come between, then writes the frame.
    pub fn send_after(&self, kind: Kind, body: &[u8], first: impl FnOnce()) -> io::Result<()> {
        let mut sealer = self.hold();
        first();
        let frame = sealer.seal_copy(kind, body);
        self.write(&frame)
    }

    /// Writes the frame if `wanted` says so when no other frame can come between.
    pub fn send_if(
        &self,
        kind: Kind,
        body: &[u8],
        wanted: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        let mut sealer = self.hold();
        if !wanted() {
            return Ok(());
        }
        let frame = sealer.seal_copy(kind, body);
        self.write(&frame)
    }

    fn write(&self, frame: &[u8]) -> io::Result<()> {
        let watch = |event: &TraceEvent<'_>| self.log.trace(&self.peer, event);
        Trace::new(&*self.stream, watch).write_all(frame)
    }
}

impl engine::Sink for FrameWriter {
    const HEADROOM: usize = HEADROOM;

    fn chunk(&self, stream: engine::Stream, buffer: &mut [u8]) -> io::Result<()> {
        let kind = match stream {
            engine::Stream::Stdout => Kind::Stdout,
            engine::Stream::Stderr => Kind::Stderr,
        };
        let mut sealer = self.hold();
        self.write(sealer.seal(kind, buffer))
    }
}
