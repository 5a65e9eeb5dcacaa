//! What the two threads of a connection share.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::net::Stream;
use proto::wire::frame::FrameError;
use proto::wire::session::{FrameReader, Kind, Opener, ServerState, SessionError};

use super::End;
use crate::engine::{Canceller, Input};

/// A client that does not forward its input does not say so. Its command gets a pipe all the same,
/// and where no input has come for so long, the pipe is closed: the command sees an end of input.
const INPUT_DECIDES: Duration = Duration::from_millis(200);
/// How long the rest of a frame may take once it has begun.
const FRAME: Duration = Duration::from_secs(30);

/// Where the connection stands.
pub struct Conversation<'a> {
    stream: &'a Stream,
    idle_timeout: Option<Duration>,
    now: Mutex<Now>,
}

struct Now {
    state: ServerState,
    /// What can be done to the command that runs.
    running: Option<Running>,
    /// Since when none runs.
    idle_since: Instant,
    /// Why the connection is over, when it is.
    end: Option<End>,
}

struct Running {
    canceller: Canceller,
    /// Taken out while a thread writes to it.
    input: Option<Input>,
    /// Whether the client forwards its input; until then the pipe may be closed.
    forwards: bool,
}

impl<'a> Conversation<'a> {
    pub fn new(stream: &'a Stream, idle_timeout: Option<Duration>) -> Self {
        Self {
            stream,
            idle_timeout,
            now: Mutex::new(Now {
                state: ServerState::Idle,
                running: None,
                idle_since: Instant::now(),
                end: None,
            }),
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the command that was just started.
    pub fn started(&self, canceller: Canceller, input: Option<Input>) {
        self.now().running = Some(Running {
            canceller,
            input,
            forwards: false,
        });
    }

    /// The command is over; the next may come.
    pub fn command_ended(&self) {
        let mut now = self.now();
        now.running = None;
        now.state = now.state.command_ended();
        now.idle_since = Instant::now();
    }

    /// The connection is over: ends the command that runs, and wakes whoever waits for the peer.
    pub fn end(&self, why: End) {
        let mut now = self.now();
        if now.end.is_none() {
            now.end = Some(why);
        }
        if let Some(running) = now.running.take() {
            running.canceller.cancel();
        }
        drop(now);
        // It may be closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub fn is_over(&self) -> bool {
        self.now().end.is_some()
    }

    /// Why it ended.
    pub fn into_end(self) -> End {
        let now = self
            .now
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        now.end.unwrap_or(End::ClosedByPeer)
    }

    fn receive(&self, kind: Kind) -> Result<(), End> {
        let mut now = self.now();
        match now.state.receive(kind) {
            Ok(state) => {
                now.state = state;
                Ok(())
            }
            Err(unexpected) => Err(End::Violation(SessionError::Unexpected(unexpected))),
        }
    }

    /// Hands bytes to the command's input. Waits while the command does not read, and with it the
    /// client does.
    fn feed(&self, bytes: &[u8]) -> io::Result<()> {
        let mut now = self.now();
        let Some(running) = &mut now.running else {
            return Ok(());
        };
        running.forwards = true;
        let Some(mut input) = running.input.take() else {
            return Ok(());
        };
        drop(now);
        let fed = input.write_all(bytes);
        if let Some(running) = &mut self.now().running {
            running.input = Some(input);
        }
        fed
    }

    fn end_input(&self) {
        if let Some(running) = &mut self.now().running {
            running.forwards = true;
            running.input = None;
        }
    }

    /// How long to wait for the client's next bytes.
    fn patience(&self) -> Option<Duration> {
        let now = self.now();
        match &now.running {
            Some(running) if !running.forwards => Some(INPUT_DECIDES),
            Some(_) => self.idle_timeout,
            None => self.idle_timeout.map(|limit| {
                let left = limit.saturating_sub(now.idle_since.elapsed());
                left.max(Duration::from_millis(1))
            }),
        }
    }

    /// Nothing came for as long as [`patience`](Self::patience) said.
    fn nothing_came(&self) -> Result<(), End> {
        let mut now = self.now();
        match &mut now.running {
            Some(running) => {
                running.forwards = true;
                running.input = None;
                Ok(())
            }
            None => match self.idle_timeout {
                Some(limit) if now.idle_since.elapsed() >= limit => Err(End::Idle),
                _ => Ok(()),
            },
        }
    }
}

/// The reading half: held by the thread whose turn it is.
pub struct Incoming<S> {
    stream: BufReader<S>,
    opener: Opener,
    frames: FrameReader,
    patience: Option<Option<Duration>>,
}

impl<S: Read> Incoming<S> {
    pub fn new(stream: S, opener: Opener) -> Self {
        Self {
            stream: BufReader::with_capacity(16 * 1024, stream),
            opener,
            frames: FrameReader::default(),
            patience: None,
        }
    }

    /// Reads frames until a command comes. Input goes to the command that runs.
    pub fn next_command(&mut self, conversation: &Conversation<'_>) -> Result<Vec<u8>, End> {
        loop {
            if !self.wait(conversation)? {
                return Err(End::ClosedByPeer);
            }
            let mut patient = Patient {
                stream: &mut self.stream,
                until: Instant::now() + FRAME,
            };
            let frame = match self.frames.read_sealed(&mut patient, &mut self.opener) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Err(End::ClosedByPeer),
                Err(SessionError::Frame(FrameError::Io(error))) => return Err(error.into()),
                Err(error) => return Err(End::Violation(error)),
            };
            conversation.receive(frame.kind)?;
            match frame.kind {
                Kind::Command => return Ok(frame.body.to_vec()),
                Kind::Stdin => conversation.feed(frame.body)?,
                Kind::StdinEof => conversation.end_input(),
                // The state has let nothing else through.
                _ => {}
            }
        }
    }

    /// Waits for the first byte of a frame; false at the end of the stream.
    fn wait(&mut self, conversation: &Conversation<'_>) -> Result<bool, End> {
        loop {
            if !self.stream.buffer().is_empty() {
                return Ok(true);
            }
            let patience = conversation.patience();
            if self.patience != Some(patience) {
                conversation.stream.set_read_timeout(patience)?;
                self.patience = Some(patience);
            }
            match self.stream.fill_buf() {
                Ok(bytes) => return Ok(!bytes.is_empty()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    conversation.nothing_came()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Reads on through the short timeouts that serve [`Incoming::wait`], up to a deadline.
struct Patient<'a, S> {
    stream: &'a mut S,
    until: Instant,
}

impl<S: Read> Read for Patient<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if Instant::now() >= self.until {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                result => return result,
            }
        }
    }
}
