//! The state that the threads of a session share.

use std::io;
use std::net::Shutdown;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::{Stream, has_vanished};
use proto::sync::lock;
use proto::wire::session::{
    ClientState, FrameType, INTERVALS, KeepAlive, Sealer, SessionError, Silence,
};

use crate::options::Options;

/// An authenticated stream and the state of its session.
pub struct Connection {
    pub stream: Stream,
    options: &'static Options,
    /// Locked while a frame is sent: frames are numbered, so they must be sent in the order of
    /// sealing.
    sealer: Mutex<Sealer>,
    now: Mutex<Now>,
}

struct Now {
    state: ClientState,
    /// Whether the receiver has ended.
    is_over: bool,
    /// Whether input was sent for the running command. The server may not read further until the
    /// command reads that.
    input_sent: bool,
    /// When the server last sent something about the running command, except pings.
    silent_since: Instant,
    /// When the current interval of silence ends.
    interval_ends: Option<Instant>,
    alive: KeepAlive,
}

impl Connection {
    pub fn new(options: &'static Options, stream: Stream, sealer: Sealer) -> Self {
        Self {
            stream,
            options,
            sealer: Mutex::new(sealer),
            now: Mutex::new(Now {
                state: ClientState::Idle,
                is_over: false,
                input_sent: false,
                silent_since: Instant::now(),
                interval_ends: None,
                alive: KeepAlive::default(),
            }),
        }
    }

    /// Sends frames in one write.
    pub fn send<const N: usize>(&self, frames: [(FrameType, &[u8]); N]) -> io::Result<()> {
        let Options { log, endpoint, .. } = self.options;
        lock(&self.sealer).send(&mut log.traced(endpoint, &self.stream), frames)
    }

    /// Sends a command, and with it the end of its input if it gets none. False if the receiver has
    /// ended. If the connection is lost here, the receiver ends and reports it.
    pub fn start_command(&self, command: &[u8], with_input: bool) -> bool {
        {
            let mut now = lock(&self.now);
            if now.is_over {
                return false;
            }
            now.state = ClientState::Running;
            now.input_sent = false;
            now.silent_since = Instant::now();
        }
        let command = (FrameType::Command, command);
        let sent = match with_input {
            true => self.send([command]),
            false => self.send([command, (FrameType::StdinEof, b"")]),
        };
        if sent.is_err() {
            // The receiver can still read what the server sent before it closed.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        true
    }

    /// Sends a piece of the command's input, or the end of it.
    pub fn send_input(&self, piece: &[u8]) -> io::Result<()> {
        if piece.is_empty() {
            return self.send([(FrameType::StdinEof, b"")]);
        }
        lock(&self.now).input_sent = true;
        self.send([(FrameType::Stdin, piece)])
    }

    /// Marks the receiver as ended. Returns whether a command was still running.
    pub fn end(&self) -> bool {
        let mut now = lock(&self.now);
        now.is_over = true;
        now.state == ClientState::Running
    }

    /// Checks that a received frame is allowed. Returns whether a command ran.
    pub fn receive(&self, kind: FrameType) -> Result<bool, SessionError> {
        let mut now = lock(&self.now);
        let before = now.state;
        now.state = before.receive(kind)?;
        if kind == FrameType::Pong {
            now.alive.pong()?;
        }
        Ok(before == ClientState::Running)
    }

    /// Restarts the time for `--timeout`, after a frame about the command was passed on.
    pub fn passed_on(&self) {
        lock(&self.now).silent_since = Instant::now();
    }

    /// How long the next read may wait. Fails if no frame about the command has arrived for
    /// `--timeout`.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        let mut now = lock(&self.now);
        let here = Instant::now();
        let interval_ends = self
            .options
            .alive_interval
            .map(|interval| *now.interval_ends.get_or_insert(here + interval));
        let timeout_ends = self.options.silence().map(|timeout| match now.state {
            ClientState::Running => now.silent_since + timeout,
            // A command may start meanwhile.
            _ => here + timeout,
        });
        if timeout_ends.is_some_and(|ends| ends <= here) {
            let time = show_duration(self.options.silence().unwrap_or_default());
            let why = format!("nothing came for {time}; wait longer with --timeout");
            return Err(io::Error::other(why));
        }
        let ends = interval_ends.into_iter().chain(timeout_ends).min();
        let wait = ends.map(|ends| ends.saturating_duration_since(here));
        Ok(wait.map(|wait| wait.max(Duration::from_millis(1))))
    }

    /// Notes that bytes have arrived.
    pub fn heard(&self) {
        let mut now = lock(&self.now);
        now.alive.heard();
        now.interval_ends = None;
    }

    /// Called when a read has timed out. Returns whether to send a `ping`, and fails if the server is
    /// gone.
    pub fn is_ping_due(&self) -> io::Result<bool> {
        let mut now = lock(&self.now);
        let ended = now.interval_ends.take_if(|ends| *ends <= Instant::now());
        if ended.is_none() {
            return Ok(false);
        }
        match now.alive.silent_interval() {
            Silence::Ping => Ok(true),
            Silence::Wait => Ok(false),
            // While the command does not read its input, the server does not read our ping, but its
            // kernel acknowledges it.
            Silence::Gone if now.input_sent && !has_vanished(&self.stream) => Ok(false),
            Silence::Gone => {
                let interval = self.options.alive_interval.unwrap_or_default();
                let time = show_duration(interval * INTERVALS);
                Err(io::Error::other(format!("it answered no ping for {time}")))
            }
        }
    }
}
