//! The state that the threads of a session share.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::{Stream, has_vanished};
use proto::start_reason;
use proto::sync::lock;
use proto::wire::session::{
    ClientState, FrameType, INTERVALS, KeepAlive, Sealer, Silence, Unexpected,
};

use crate::options::Options;

/// An authenticated stream and the state of its session.
pub struct Connection {
    pub stream: Stream,
    options: Arc<Options>,
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
    /// Whether a thread is sending a `pong`.
    answering: bool,
}

impl Connection {
    pub fn new(options: &Arc<Options>, stream: Stream, sealer: Sealer) -> Self {
        Self {
            stream,
            options: Arc::clone(options),
            sealer: Mutex::new(sealer),
            now: Mutex::new(Now {
                state: ClientState::Idle,
                is_over: false,
                input_sent: false,
                silent_since: Instant::now(),
                interval_ends: None,
                alive: KeepAlive::default(),
                answering: false,
            }),
        }
    }

    /// Sends frames in one write.
    pub fn send<const N: usize>(&self, frames: [(FrameType, &[u8]); N]) -> io::Result<()> {
        self.send_with(&mut lock(&self.sealer), frames)
    }

    fn send_with<const N: usize>(
        &self,
        sealer: &mut Sealer,
        frames: [(FrameType, &[u8]); N],
    ) -> io::Result<()> {
        let Options { log, endpoint, .. } = &*self.options;
        sealer.send(&mut log.traced(endpoint, &self.stream), frames)
    }

    /// Sends an empty frame from a thread of its own. The receiver must not block in a write: if
    /// the server waits for the command to read its input, and the command waits for us to read its
    /// output, that would be a deadlock.
    fn send_apart(self: &Arc<Self>, kind: FrameType) -> io::Result<()> {
        let connection = Arc::clone(self);
        let send = move || {
            let mut sealer = lock(&connection.sealer);
            // The server may send the next ping as soon as it has this pong.
            if kind == FrameType::Pong {
                lock(&connection.now).answering = false;
            }
            // If the connection is lost, the receiver reports it.
            let _ = connection.send_with(&mut sealer, [(kind, b"")]);
        };
        thread::Builder::new().spawn(send).map(drop)
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

    pub fn is_open(&self) -> bool {
        !lock(&self.now).is_over
    }

    /// Marks the receiver as ended. Returns whether a command was still running.
    pub fn end(&self) -> bool {
        let mut now = lock(&self.now);
        now.is_over = true;
        now.state == ClientState::Running
    }

    /// Checks that a received frame is allowed. Returns whether a command ran.
    pub fn receive(&self, kind: FrameType) -> Result<bool, Unexpected> {
        let mut now = lock(&self.now);
        let before = now.state;
        now.state = before.receive(kind)?;
        match kind {
            FrameType::Pong => now.alive.pong()?,
            FrameType::Ping if now.answering => {
                let when = "before the last was answered";
                return Err(Unexpected { kind, when });
            }
            FrameType::Ping => now.answering = true,
            _ => {}
        }
        Ok(before == ClientState::Running)
    }

    /// Answers a `ping`.
    pub fn answer(self: &Arc<Self>) -> io::Result<()> {
        self.send_apart(FrameType::Pong)
    }

    /// Restarts the time for `--timeout`, after a frame about the command was passed on.
    pub fn passed_on(&self) {
        lock(&self.now).silent_since = Instant::now();
    }

    /// How long a read may wait before [`nothing_came`](Self::nothing_came) checks the limits.
    pub fn read_timeout(&self) -> Option<Duration> {
        let interval = self.options.alive_interval;
        let timeout = self.options.silence();
        if interval.is_none() && timeout.is_none() {
            return None;
        }
        let mut now = lock(&self.now);
        let here = Instant::now();
        let interval_ends =
            interval.map(|interval| *now.interval_ends.get_or_insert_with(|| here + interval));
        let timeout_ends = timeout.map(|timeout| match now.state {
            ClientState::Running => now.silent_since + timeout,
            // A command may start meanwhile.
            _ => here + timeout,
        });
        let ends = interval_ends.into_iter().chain(timeout_ends).min()?;
        let wait = ends.saturating_duration_since(here);
        Some(wait.max(Duration::from_millis(1)))
    }

    /// Notes that bytes have arrived.
    pub fn heard(&self) {
        let mut now = lock(&self.now);
        now.alive.heard();
        now.interval_ends = None;
    }

    /// Fails if no frame about the command has arrived for `--timeout`.
    pub fn check_timeout(&self) -> io::Result<()> {
        let now = lock(&self.now);
        if let Some(timeout) = self.options.silence()
            && now.state == ClientState::Running
            && now.silent_since.elapsed() >= timeout
        {
            let time = show_duration(timeout);
            let why = format!("nothing came for {time}; wait longer with --timeout");
            return Err(io::Error::other(why));
        }
        Ok(())
    }

    /// Called when a read has timed out: sends a `ping` if it is due, and fails if the server is
    /// gone or has been silent for `--timeout`.
    pub fn nothing_came(self: &Arc<Self>) -> io::Result<()> {
        self.check_timeout()?;
        let here = Instant::now();
        let mut now = lock(&self.now);
        let Some(interval) = self.options.alive_interval else {
            return Ok(());
        };
        if now.interval_ends.is_none_or(|ends| ends > here) {
            return Ok(());
        }
        now.interval_ends = None;
        let (silence, input_sent) = (now.alive.silent_interval(), now.input_sent);
        drop(now);
        match silence {
            Silence::Ping => self.send_apart(FrameType::Ping).map_err(|error| {
                let why = start_reason(&error);
                io::Error::other(format!("cannot start a thread ({why})"))
            }),
            Silence::Wait => Ok(()),
            // While the command does not read its input, the server does not read our ping, but its
            // kernel acknowledges it.
            Silence::Gone if input_sent && !has_vanished(&self.stream) => Ok(()),
            Silence::Gone => {
                let time = show_duration(interval * INTERVALS);
                Err(io::Error::other(format!("it answered no ping for {time}")))
            }
        }
    }
}
