//! What the two threads of a connection share.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::mem;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::net::Stream;
use proto::wire::session::{FrameReader, FrameType, KeepAlive, Opener, ServerState, SessionError};

use super::End;
use super::feeder::Feeder;
use super::output::FrameWriter;
use crate::engine::{Canceller, Input};

/// How long the rest of a frame may take once it has begun.
const FRAME: Duration = Duration::from_secs(30);
/// How often a client whose input the command does not read is asked whether it is still there.
const PROBE: Duration = Duration::from_millis(250);

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
    input: Forwarding,
}

/// The way of a command's input.
enum Forwarding {
    /// None has come yet, so it needs no thread.
    Waiting(Input),
    Open(Arc<Feeder>),
    Ended,
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
            input: input.map_or(Forwarding::Ended, Forwarding::Waiting),
        });
    }

    /// The command is over; the next may come.
    pub fn command_ended(&self) {
        let mut now = self.now();
        now.running = None;
        now.state = now.state.command_ended();
        now.idle_since = Instant::now();
    }

    /// The connection is over: ends the command that runs, says what there is to say, and wakes
    /// whoever waits for the peer. Only the first reason counts, and only its words are said.
    pub fn end(&self, why: End, farewell: impl FnOnce()) {
        let mut now = self.now();
        if now.end.is_some() {
            return;
        }
        now.end = Some(why);
        if let Some(running) = now.running.take() {
            running.canceller.cancel();
        }
        drop(now);
        farewell();
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

    fn receive(&self, kind: FrameType) -> Result<(), End> {
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
    ///
    /// Whoever waits here does not see the client leave: what it has sent stands before the end of
    /// the stream. But a client that has gone answers whatever it is sent with a reset, so it is
    /// sent a piece of output that is empty, again and again.
    fn feed(&self, bytes: &[u8], writer: &FrameWriter) -> io::Result<()> {
        let feeder = match &mut self.now().running {
            Some(running) => running.feeder()?,
            None => None,
        };
        if let Some(feeder) = feeder {
            let is_running = || self.now().state.is_running();
            while !feeder.offer(bytes, PROBE) {
                writer.send_if(FrameType::Stdout, b"", is_running)?;
            }
        }
        Ok(())
    }

    fn end_input(&self) {
        if let Some(running) = &mut self.now().running {
            running.input = Forwarding::Ended;
        }
    }

    /// How long to wait for the client's next bytes before looking again.
    fn patience(&self) -> Duration {
        let now = self.now();
        let left = match (&now.running, self.idle_timeout) {
            (None, Some(limit)) => limit.saturating_sub(now.idle_since.elapsed()),
            // The command may end meanwhile, and the client be idle from then on.
            (_, limit) => limit.unwrap_or(FRAME),
        };
        left.clamp(Duration::from_millis(1), FRAME)
    }

    /// Nothing came for as long as [`patience`](Self::patience) said.
    fn nothing_came(&self) -> Result<(), End> {
        let now = self.now();
        match self.idle_timeout {
            Some(limit) if now.running.is_none() && now.idle_since.elapsed() >= limit => {
                Err(End::Idle(limit))
            }
            _ => Ok(()),
        }
    }
}

impl Running {
    /// Who takes the input, while there is some; its thread starts with the first of it.
    fn feeder(&mut self) -> io::Result<Option<Arc<Feeder>>> {
        self.input = match mem::replace(&mut self.input, Forwarding::Ended) {
            Forwarding::Waiting(input) => Forwarding::Open(Arc::new(Feeder::start(input)?)),
            other => other,
        };
        Ok(match &self.input {
            Forwarding::Open(feeder) => Some(Arc::clone(feeder)),
            _ => None,
        })
    }
}

/// The reading half: held by the thread whose turn it is.
pub struct Incoming<S> {
    stream: BufReader<S>,
    opener: Opener,
    frames: FrameReader,
    /// The stream's read timeout.
    patience: Option<Duration>,
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
    pub fn next_command(
        &mut self,
        conversation: &Conversation<'_>,
        writer: &FrameWriter,
    ) -> Result<Vec<u8>, End> {
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
                Err(SessionError::Io(error)) => return Err(error.into()),
                Err(error) => return Err(End::Violation(error)),
            };
            conversation.receive(frame.kind)?;
            match frame.kind {
                FrameType::Command => return Ok(frame.body.to_vec()),
                FrameType::Stdin => conversation.feed(frame.body, writer)?,
                FrameType::StdinEof => conversation.end_input(),
                FrameType::Ping => writer.send(FrameType::Pong, b"")?,
                // This server sends no pings, so none can be answered.
                FrameType::Pong => {
                    let unasked = KeepAlive::default().pong();
                    unasked.map_err(|error| End::Violation(SessionError::Unexpected(error)))?;
                }
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
                conversation.stream.set_read_timeout(Some(patience))?;
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
