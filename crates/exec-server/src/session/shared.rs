//! The state that the threads of a connection share, and the frames that they send: a command's
//! output and all others.
//!
//! If the client does not read, the thread that holds the lock of the sealer blocks. The reader
//! must not block there, so its frames are sent when the lock is free.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use proto::net::lingering_close;
use proto::sync::lock;
use proto::wire::session::{FrameType, Sealer, ServerState, SessionError};

use crate::client::Client;
use crate::close_reason::CloseReason;

/// How long sending the reason for the end of a connection may take.
pub const LAST_WORDS: Duration = Duration::from_millis(500);

/// The connection, shared by its reader and the runner of its command.
pub struct Shared {
    pub client: Client,
    /// Frames are numbered, so they are sent in the order in which they are sealed, under this
    /// lock. `None` after a write has failed: a part of a frame may have been sent, so nothing may
    /// follow.
    sealer: Mutex<Option<Sealer>>,
    /// Whether a `ping` or `pong` is to be sent. The next thread that sends another frame sends it,
    /// too; `flush` sends it at once.
    pub ping_due: AtomicBool,
    pub pong_due: AtomicBool,
    now: Mutex<Now>,
}

struct Now {
    state: ServerState,
    /// When the last command ended, while none runs.
    idle_since: Instant,
    /// Why the connection ends: the first reason of a thread.
    reason: Option<CloseReason>,
}

impl Shared {
    pub fn new(client: Client, sealer: Sealer) -> Self {
        Self {
            client,
            sealer: Mutex::new(Some(sealer)),
            ping_due: AtomicBool::new(false),
            pong_due: AtomicBool::new(false),
            now: Mutex::new(Now {
                state: ServerState::Idle,
                idle_since: Instant::now(),
                reason: None,
            }),
        }
    }

    /// Checks that a frame of this type is allowed now.
    pub fn receive(&self, kind: FrameType) -> Result<(), SessionError> {
        let mut now = lock(&self.now);
        now.state = now.state.receive(kind)?;
        Ok(())
    }

    pub fn is_running(&self) -> bool {
        lock(&self.now).state.is_running()
    }

    /// For how long no command has run; `None` while one runs.
    pub fn idle_for(&self) -> Option<Duration> {
        let now = lock(&self.now);
        (!now.state.is_running()).then(|| now.idle_since.elapsed())
    }

    /// Restarts the idle time: the client has not yet taken all its output.
    pub fn restart_idle(&self) {
        lock(&self.now).idle_since = Instant::now();
    }

    /// Writes a frame.
    pub fn send(&self, kind: FrameType, body: &[u8]) -> io::Result<()> {
        self.write(&mut lock(&self.sealer), Some((kind, body)))
    }

    /// Sends the command's last frame. The client may send the next command as soon as it has this
    /// frame, so the state changes before it is sent.
    pub fn end_command(&self, kind: FrameType, body: &[u8]) -> io::Result<()> {
        let mut sealer = lock(&self.sealer);
        let mut now = lock(&self.now);
        now.state = now.state.command_ended();
        now.idle_since = Instant::now();
        drop(now);
        self.write(&mut sealer, Some((kind, body)))
    }

    /// Sends a due `ping` or `pong`, if no other thread is writing. The reader calls it before it
    /// waits.
    pub fn flush(&self) -> io::Result<()> {
        self.try_send(None, |_| true).map(drop)
    }

    /// Writes this and every due frame if no other thread is writing and `wanted`, called under the
    /// lock, is true. Returns whether it did.
    pub fn try_send(
        &self,
        frame: Option<(FrameType, &[u8])>,
        wanted: impl FnOnce(&Self) -> bool,
    ) -> io::Result<bool> {
        let mut sealer = match self.sealer.try_lock() {
            Ok(sealer) => sealer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(false),
        };
        if !wanted(self) {
            return Ok(false);
        }
        self.write(&mut sealer, frame).map(|()| true)
    }

    fn write(
        &self,
        held: &mut Option<Sealer>,
        frame: Option<(FrameType, &[u8])>,
    ) -> io::Result<()> {
        let Some(mut sealer) = held.take() else {
            return Ok(());
        };
        let mut traced = self.client.traced(&self.client.stream);
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
        *held = Some(sealer);
        Ok(())
    }

    /// Records why the connection ends, unless another thread was first.
    pub fn ends(&self, why: CloseReason) {
        lock(&self.now).reason.get_or_insert(why);
    }

    /// The reason that a thread has recorded first, or else `why`.
    pub fn first_reason(&self, why: CloseReason) -> CloseReason {
        lock(&self.now).reason.take().unwrap_or(why)
    }

    /// Sends the client the reason for the end of the connection, if the client still reads.
    pub fn say_why(&self, reason: &CloseReason) {
        let Some(words) = reason.last_frame() else {
            return;
        };
        let stream = &self.client.stream;
        let until = Instant::now() + LAST_WORDS;
        let mut sent = stream.set_write_timeout(Some(LAST_WORDS)).map(|()| false);
        // The runner may be writing, and may be blocked by a client that does not read.
        while let Ok(false) = sent
            && Instant::now() < until
        {
            thread::sleep(Duration::from_millis(1));
            sent = self.try_send(Some((FrameType::Error, words.as_bytes())), |_| true);
        }
        if let Ok(true) = sent {
            lingering_close(stream);
        }
    }

    /// Shuts the connection down, which also wakes the other thread.
    pub fn close(&self) {
        // It may be shut down already.
        let _ = self.client.stream.shutdown(Shutdown::Both);
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
    use crate::client::Client;
    use crate::context::Context;
    use crate::options::Options;

    fn sealer() -> Sealer {
        let agreement = Agreement::new(&[1; 32], &[2; 32], &[3; 32]).unwrap();
        agreement.into_server().0
    }

    fn shared(ours: UnixStream) -> Shared {
        let options = Box::leak(Box::new(Options {
            protocol: Protocol::Raw,
            ..Options::default()
        }));
        let client = Client {
            stream: ours.into(),
            peer: Peer::Unix(1),
            context: Arc::new(Context::new(options).unwrap()),
        };
        Shared::new(client, sealer())
    }

    /// A write that has timed out may have sent a part of its frame.
    #[test]
    fn nothing_follows_a_cut_frame() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let limit = Some(Duration::from_millis(10));
        ours.set_write_timeout(limit).unwrap();
        let shared = shared(ours);
        let piece = [0; 60_000];
        while shared.send(FrameType::Stdout, &piece).is_ok() {}
        theirs.set_nonblocking(true).unwrap();
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap_err();
        shared.send(FrameType::Exit, b"{}").unwrap();
        shared.pong_due.store(true, SeqCst);
        shared.flush().unwrap();
        let error = theirs.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    /// A frame that is no longer wanted uses no sequence number, and a due `pong` is sent after the
    /// frame that another thread was writing.
    #[test]
    fn unwanted_frames_are_not_sent_and_due_frames_are() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let shared = shared(ours);
        let note: Option<(FrameType, &[u8])> = Some((FrameType::Note, b""));
        assert!(!shared.try_send(note, |_| false).unwrap());
        let held = lock(&shared.sealer);
        shared.pong_due.store(true, SeqCst);
        shared.flush().unwrap();
        assert!(!shared.try_send(note, |_| true).unwrap());
        drop(held);
        shared.send(FrameType::Exit, b"{}").unwrap();
        drop(shared);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap();
        let mut expected = Vec::new();
        let frames: [(FrameType, &[u8]); 2] = [(FrameType::Exit, b"{}"), (FrameType::Pong, b"")];
        sealer().send(&mut expected, frames).unwrap();
        assert_eq!(sent, expected);
    }
}
