//! A command's output as sealed frames, and what else the server says.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::cli::Log;
use proto::net::{Peer, Stream, Trace, TraceEvent};
use proto::wire::session::{FrameType, Sealer};

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
    pub fn send(&self, kind: FrameType, body: &[u8]) -> io::Result<()> {
        self.send_after(kind, body, || ())
    }

    /// Does `first` when no other frame can come between, then writes the frame.
    pub fn send_after(&self, kind: FrameType, body: &[u8], first: impl FnOnce()) -> io::Result<()> {
        let mut sealer = self.hold();
        first();
        self.write(&mut sealer, kind, body)
    }

    /// Writes the frame if `wanted` says so when no other frame can come between.
    pub fn send_if(
        &self,
        kind: FrameType,
        body: &[u8],
        wanted: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        let mut sealer = self.hold();
        if !wanted() {
            return Ok(());
        }
        self.write(&mut sealer, kind, body)
    }

    fn write(&self, sealer: &mut Sealer, kind: FrameType, body: &[u8]) -> io::Result<()> {
        let watch = |event: &TraceEvent<'_>| self.log.trace(&self.peer, event);
        sealer.send(&mut Trace::new(&*self.stream, watch), [(kind, body)])
    }
}

impl engine::Sink for FrameWriter {
    fn chunk(&self, stream: engine::Stream, bytes: &[u8]) -> io::Result<()> {
        let kind = match stream {
            engine::Stream::Stdout => FrameType::Stdout,
            engine::Stream::Stderr => FrameType::Stderr,
        };
        self.send(kind, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use proto::wire::session::handshake::Agreement;

    use super::*;

    /// A frame that is no longer wanted takes no number: the next one is still the first.
    #[test]
    fn what_is_not_wanted_is_not_sent() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let sealer = || {
            let agreement = Agreement::new(&[1; 32], &[2; 32], &[3; 32]).unwrap();
            agreement.into_server().0
        };
        let stream = Arc::new(Stream::from(ours));
        let writer = FrameWriter::new(Log::default(), &stream, Peer::Unix(1), sealer());
        writer.send_if(FrameType::Stdout, b"", || false).unwrap();
        writer.send_if(FrameType::Exit, b"{}", || true).unwrap();
        drop((writer, stream));
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap();
        let mut expected = Vec::new();
        let exit = [(FrameType::Exit, &b"{}"[..])];
        sealer().send(&mut expected, exit).unwrap();
        assert_eq!(sent, expected);
    }
}
