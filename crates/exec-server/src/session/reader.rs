//! The thread that reads a connection: it starts commands, feeds their input, answers pings, and
//! notices when the client leaves. It waits only for the client.

use std::convert::Infallible;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use proto::is_timeout;
use proto::net::{has_unsent, has_vanished};
use proto::pool::TaskHandle;
use proto::wire::session::{FrameReader, FrameType, KeepAlive, Opener, Silence};

use super::runner::Runner;
use super::shared::Shared;
use crate::close_reason::CloseReason;
use crate::engine::{Input, Job, Request, Running};
use crate::options::Options;

/// The shortest and the longest wait before the reader checks its time limits again.
const WAIT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));
/// How long a background process may hold the output before the client gets a note.
const NOTE_AFTER: Duration = Duration::from_secs(1);
const NOTE: &[u8] = b"the command has ended, but a background process keeps its output open; \
    waiting for it";
/// The first pause before a probe of a client whose input the command does not read.
const PROBE: Duration = Duration::from_millis(250);
/// Later pauses are this fraction of the time waited so far, which makes 330 probes in a day.
const PROBE_SHARE: u32 = 32;

/// Reads frames and handles them.
pub struct Reader<'a, S> {
    shared: &'a Arc<Shared>,
    stream: BufReader<S>,
    /// The stream's read timeout.
    timeout: Option<Duration>,
    /// The running command, or the last one.
    running: Option<Arc<Job>>,
    runner: Option<TaskHandle<()>>,
    /// Its input, until the client or the command ends it.
    input: Option<Input>,
    /// Whether the client got the note about a background process.
    noted: bool,
    alive: KeepAlive,
    /// When the last interval of silence began.
    silent_since: Instant,
}

/// Checks the time limits while no bytes arrive. A client may be paused within a frame, so a frame
/// has no limit of its own.
impl<S: Read> Read for Reader<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stream.buffer().is_empty() {
                let next = self.look().map_err(|reason| {
                    self.shared.ends(reason);
                    io::Error::from(ErrorKind::TimedOut)
                })?;
                if self.timeout != Some(next) {
                    self.shared.client.stream.set_read_timeout(Some(next))?;
                    self.timeout = Some(next);
                }
            }
            match self.stream.read(buf) {
                Err(error) if is_timeout(&error) || error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl<'a, S: Read> Reader<'a, S> {
    pub fn new(shared: &'a Arc<Shared>, stream: S) -> Self {
        Self {
            shared,
            stream: BufReader::with_capacity(16 * 1024, stream),
            timeout: None,
            running: None,
            runner: None,
            input: None,
            noted: false,
            alive: KeepAlive::default(),
            silent_since: Instant::now(),
        }
    }

    /// Handles frames until the connection is over, and returns the reason.
    pub fn run(&mut self, mut opener: Opener) -> Result<Infallible, CloseReason> {
        let mut frames = FrameReader::default();
        loop {
            match frames.read_sealed(self, &mut opener)? {
                Some(frame) => self.receive(frame.kind, frame.body)?,
                None => return Err(CloseReason::ClosedByPeer),
            }
        }
    }

    fn options(&self) -> &'static Options {
        self.shared.client.context.options
    }

    fn receive(&mut self, kind: FrameType, body: &[u8]) -> Result<(), CloseReason> {
        self.alive.heard();
        self.silent_since = Instant::now();
        self.shared.receive(kind)?;
        match kind {
            FrameType::Command => self.start(body)?,
            // What comes after the exit is dropped; a background process may hold the other end.
            FrameType::Stdin if self.shared.is_running() => self.feed(body)?,
            FrameType::StdinEof => self.input = None,
            FrameType::Ping => self.shared.pong_due.store(true, SeqCst),
            FrameType::Pong => self.alive.pong()?,
            // The state allows no frame of another type.
            _ => {}
        }
        Ok(())
    }

    /// Starts a command and its runner.
    fn start(&mut self, command: &[u8]) -> Result<(), CloseReason> {
        let at = Instant::now();
        let request = Request {
            timeout: self.options().command_timeout(),
            stdin: true,
            ..Request::new(command)
        };
        let mut running = self.shared.client.context.engine.spawn(request);
        // If the command does not run, the last one must not get its input.
        self.input = running.as_mut().ok().and_then(|it| it.input.take());
        self.running = running.as_ref().ok().map(Running::job);
        self.noted = false;
        let runner = Runner {
            shared: Arc::clone(self.shared),
            command: command.to_vec(),
            at,
            _held: self.shared.client.stream.hold_input(),
        };
        let pool = &self.shared.client.context.pool;
        let runner = pool.start(move || runner.run(running));
        self.runner = Some(runner.map_err(|error| CloseReason::no_thread(&error))?);
        Ok(())
    }

    /// Passes bytes to the command's input. It waits while the command does not read, and so the
    /// client waits, too.
    ///
    /// Meanwhile the reader cannot see the end of the client's stream, which comes after these
    /// bytes. So it sends empty output frames as probes: if the client is gone, its kernel answers
    /// with a reset. The pauses between probes grow, so that they never fill the buffers of a
    /// paused client.
    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), CloseReason> {
        let began = Instant::now();
        let mut probe_at = began + PROBE;
        while let Some(input) = &mut self.input
            && !input.offer(&mut bytes, PROBE)
        {
            // An empty write fails if the kernel knows that the peer is gone.
            let _ = (&self.shared.client.stream).write(&[])?;
            self.look()?;
            if Instant::now() >= probe_at {
                self.shared
                    .try_send(Some((FrameType::Stdout, b"")), Shared::is_running)?;
                probe_at = Instant::now() + PROBE.max(began.elapsed() / PROBE_SHARE);
            }
        }
        Ok(())
    }

    /// Checks the time limits, and returns how long the reader may wait before the next check.
    fn look(&mut self) -> Result<Duration, CloseReason> {
        let (shared, options) = (self.shared, self.options());
        let mut next = WAIT.1;
        let idle = shared.idle_for();
        if idle.is_some() {
            self.input = None;
        }
        match (idle, options.idle_timeout) {
            (Some(idle), Some(limit)) if idle < limit => next = limit - idle,
            // The client may be paused. Closing now would lose the rest of its output.
            (Some(_), Some(limit)) if has_unsent(&shared.client.stream) => {
                shared.restart_idle();
                next = limit;
            }
            (Some(_), Some(limit)) => return Err(CloseReason::Idle(limit)),
            (None, _) if !self.noted => {
                let held = self.running.as_ref().and_then(|job| job.held_open());
                next = held.map_or(NOTE_AFTER / 2, |held| NOTE_AFTER.saturating_sub(held));
                if next.is_zero() {
                    let note = Some((FrameType::Note, NOTE));
                    self.noted = shared.try_send(note, Shared::is_running)?;
                }
            }
            _ => {}
        }
        if let Some(interval) = options.alive_interval {
            if self.silent_since.elapsed() >= interval {
                self.silent_since = Instant::now();
                match self.alive.silent_interval() {
                    Silence::Ping => shared.ping_due.store(true, SeqCst),
                    // A client that is paused, or blocked by the reader of its output, does not
                    // answer. Its kernel still acknowledges, so the client is not gone.
                    Silence::Gone if has_vanished(&shared.client.stream) => {
                        return Err(CloseReason::Vanished(interval));
                    }
                    Silence::Wait | Silence::Gone => {}
                }
            }
            next = next.min(interval.saturating_sub(self.silent_since.elapsed()));
        }
        shared.flush()?;
        Ok(next.clamp(WAIT.0, WAIT.1))
    }
}

impl<S> Drop for Reader<'_, S> {
    /// Ends the command and waits for its runner, even after a panic.
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.cancel();
        }
        self.shared.close();
        // The panic hook has reported a panic of the runner.
        let _ = self.runner.take().map(TaskHandle::join);
    }
}
