//! Writes the server's frames: a command's output and all others.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, TryLockError};

use proto::sync::lock;
use proto::wire::session::{FrameType, Sealer};

use crate::client::Client;
use crate::engine;

/// Writes frames for both threads.
///
/// Frames are numbered, so they must be sent in the order in which they are sealed, under one lock.
/// If the client does not read, the thread that holds the lock blocks. The thread that reads the
/// connection must not block there, so its frames are sent when the lock is free.
pub struct FrameWriter {
    /// `None` after a write has failed: a part of a frame may have been sent, so nothing may follow.
    sealer: Mutex<Option<Sealer>>,
    ping_due: AtomicBool,
    pong_due: AtomicBool,
    client: Client,
}

impl FrameWriter {
    pub fn new(client: Client, sealer: Sealer) -> Self {
        Self {
            sealer: Mutex::new(Some(sealer)),
            ping_due: AtomicBool::new(false),
            pong_due: AtomicBool::new(false),
            client,
        }
    }

    /// Writes a frame. It calls `first` under the lock, right before the frame.
    pub fn send(&self, kind: FrameType, body: &[u8], first: impl FnOnce()) -> io::Result<()> {
        let sealer = lock(&self.sealer);
        first();
        self.write(sealer, Some((kind, body)))
    }

    /// Writes a frame if no other thread is writing and `wanted`, called under the lock, is true.
    /// Returns whether it was written.
    pub fn try_send(
        &self,
        kind: FrameType,
        body: &[u8],
        wanted: impl FnOnce() -> bool,
    ) -> io::Result<bool> {
        match self.try_hold().filter(|_| wanted()) {
            Some(sealer) => self.write(sealer, Some((kind, body))).map(|()| true),
            None => Ok(false),
        }
    }

    /// Sends a `ping`, at the latest after the frame that another thread is writing.
    pub fn ping(&self) -> io::Result<()> {
        self.ping_due.store(true, SeqCst);
        self.flush()
    }

    /// Sends a `pong`, at the latest after the frame that another thread is writing; or at the next
    /// look of the reader, if that thread was just done.
    pub fn pong(&self) -> io::Result<()> {
        self.pong_due.store(true, SeqCst);
        self.flush()
    }

    /// Sends a due `ping` or `pong`, if no other thread is writing.
    pub fn flush(&self) -> io::Result<()> {
        match self.try_hold() {
            Some(sealer) => self.write(sealer, None),
            None => Ok(()),
        }
    }

    fn try_hold(&self) -> Option<MutexGuard<'_, Option<Sealer>>> {
        match self.sealer.try_lock() {
            Ok(sealer) => Some(sealer),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn write(
        &self,
        mut held: MutexGuard<'_, Option<Sealer>>,
        frame: Option<(FrameType, &[u8])>,
    ) -> io::Result<()> {
        let Some(sealer) = &mut *held else {
            return Ok(());
        };
        let sent = self.write_with(sealer, frame);
        if sent.is_err() {
            *held = None;
        }
        sent
    }

    fn write_with(&self, sealer: &mut Sealer, frame: Option<(FrameType, &[u8])>) -> io::Result<()> {
        let mut traced = self.client.traced(&*self.client.stream);
        if let Some(frame) = frame {
            sealer.send(&mut traced, [frame])?;
        }
        for (due, kind) in [
            (&self.ping_due, FrameType::Ping),
            (&self.pong_due, FrameType::Pong),
        ] {
            if due.swap(false, SeqCst) {
                sealer.send(&mut traced, [(kind, b"")])?;
            }
        }
        Ok(())
    }
}

impl engine::Sink for FrameWriter {
    fn chunk(&self, stream: engine::Stream, bytes: &[u8]) -> io::Result<()> {
        let kind = match stream {
            engine::Stream::Stdout => FrameType::Stdout,
            engine::Stream::Stderr => FrameType::Stderr,
        };
        self.send(kind, bytes, || ())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::time::Duration;

    use proto::net::Peer;
    use proto::wire::Protocol;
    use proto::wire::session::handshake::Agreement;

    use super::*;
    use crate::context::Context;
    use crate::options::Options;

    fn sealer() -> Sealer {
        let agreement = Agreement::new(&[1; 32], &[2; 32], &[3; 32]).unwrap();
        agreement.into_server().0
    }

    fn writer(ours: UnixStream) -> FrameWriter {
        let options = Options {
            protocol: Protocol::Raw,
            ..Options::default()
        };
        let client = Client {
            stream: Arc::new(ours.into()),
            peer: Peer::Unix(1),
            context: Arc::new(Context::new(options).unwrap()),
        };
        FrameWriter::new(client, sealer())
    }

    /// A write that has timed out may have sent a part of its frame.
    #[test]
    fn nothing_follows_a_cut_frame() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let limit = Some(Duration::from_millis(10));
        ours.set_write_timeout(limit).unwrap();
        let writer = writer(ours);
        let piece = [0; 60_000];
        while writer.send(FrameType::Stdout, &piece, || ()).is_ok() {}
        theirs.set_nonblocking(true).unwrap();
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap_err();
        writer.send(FrameType::Exit, b"{}", || ()).unwrap();
        writer.pong().unwrap();
        let error = theirs.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    /// A frame that is no longer wanted uses no sequence number, and a due `pong` is sent after the
    /// frame that another thread was writing.
    #[test]
    fn unwanted_frames_are_not_sent_and_due_frames_are() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let writer = writer(ours);
        assert!(!writer.try_send(FrameType::Note, b"", || false).unwrap());
        let held = lock(&writer.sealer);
        writer.pong().unwrap();
        assert!(!writer.try_send(FrameType::Note, b"", || true).unwrap());
        drop(held);
        writer.send(FrameType::Exit, b"{}", || ()).unwrap();
        drop(writer);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap();
        let mut expected = Vec::new();
        let frames: [(FrameType, &[u8]); 2] = [(FrameType::Exit, b"{}"), (FrameType::Pong, b"")];
        sealer().send(&mut expected, frames).unwrap();
        assert_eq!(sent, expected);
    }
}
