//! Reads the server's frames, and passes on output and exit statuses.

use std::io::{self, BufReader, ErrorKind, Read};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

use proto::cli::{Failure, Log, Output, is_stderr_stdout, show_duration, start_thread};
use proto::escape::server_text;
use proto::net::has_vanished;
use proto::sync::lock;
use proto::wire::frame::FrameError;
use proto::wire::session::{
    BODY_LIMIT, ExitStatus, Frame, FrameReader, FrameType, INTERVALS, KeepAlive, Opener,
    SessionError, Silence,
};
use proto::{is_timeout, reason};

use super::connection::Connection;
use super::{Outcome, incomplete};
use crate::options::Options;

/// More than a whole frame, so that most frames need one read.
const BUFFER: usize = BODY_LIMIT + 1024;

/// How many pings and pongs wait to be sent: one of ours, and one for the server's last `ping`.
const MAX_WAITING: usize = 2;

/// Starts the thread that reads until the connection ends. It reports the end of each command.
pub fn start(connection: &Arc<Connection>, opener: Opener) -> Result<(), Failure> {
    // The receiver must not block in a write: if the server waits for the command to read its
    // input, and the command waits for us to read its output, that would be a deadlock.
    let (pings, waiting) = mpsc::sync_channel(MAX_WAITING);
    let (sender, connection) = (Arc::clone(connection), Arc::clone(connection));
    start_thread("pings", move || {
        for kind in waiting {
            // If the connection is lost, the receiver reports it.
            let _ = sender.send([(kind, b"")]);
        }
    })?;
    let receive = move || Receiver::new(&connection, pings).run(opener);
    start_thread("receiver", receive).map(drop)
}

struct Receiver<'a> {
    connection: &'a Connection,
    stream: BufReader<Box<dyn Read + 'a>>,
    /// The stream's read timeout.
    timeout: Option<Duration>,
    pings: SyncSender<FrameType>,
    alive: KeepAlive,
    stdout: Output,
    /// `None` once its reader has closed it.
    stderr: Option<Output>,
}

/// Checks the limits while no bytes arrive.
impl Read for Receiver<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut silent_since = Instant::now();
        loop {
            if self.stream.buffer().is_empty() {
                let next = self.look(&mut silent_since)?;
                if self.timeout != next {
                    self.connection.stream.set_read_timeout(next)?;
                    self.timeout = next;
                }
            }
            match self.stream.read(buf) {
                Err(error) if is_timeout(&error) || error.kind() == ErrorKind::Interrupted => {}
                result => {
                    self.alive.heard();
                    return result;
                }
            }
        }
    }
}

impl<'a> Receiver<'a> {
    fn new(connection: &'a Connection, pings: SyncSender<FrameType>) -> Self {
        let Options { log, endpoint, .. } = connection.options;
        let stream: Box<dyn Read> = Box::new(log.traced(endpoint, &connection.stream));
        Self {
            connection,
            stream: BufReader::with_capacity(BUFFER, stream),
            timeout: None,
            pings,
            alive: KeepAlive::default(),
            stdout: Output::stdout(),
            stderr: Some(Output::stderr()),
        }
    }

    fn run(mut self, mut opener: Opener) {
        let mut frames = FrameReader::default();
        let failure = loop {
            let handled = match frames.read_sealed(&mut self, &mut opener) {
                Ok(Some(frame)) => self.handle(&frame),
                Ok(None)
                | Err(SessionError::Short { .. } | SessionError::Frame(FrameError::Short { .. })) => {
                    Err(incomplete("connection closed before the exit status"))
                }
                Err(SessionError::Io(error)) => Err(self.lost(&error)),
                Err(error) => Err(incomplete(error)),
            };
            if let Err(failure) = handled {
                break failure;
            }
        };
        self.connection.end(failure);
    }

    fn handle(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        let connection = self.connection;
        let was_running = connection.receive(frame.kind).map_err(incomplete)?;
        let log = connection.options.log;
        match frame.kind {
            FrameType::Stdout => self.stdout.write(frame.body)?,
            FrameType::Stderr => write_stderr(&mut self.stderr, frame.body)?,
            FrameType::Note => log.note(format_args!("note: {}", server_text(frame.body))),
            FrameType::Ping if self.pings.try_send(FrameType::Pong).is_err() => {
                let (kind, when) = (frame.kind, "before the last was answered");
                return Err(incomplete(SessionError::Unexpected { kind, when }));
            }
            FrameType::Pong => self.alive.pong().map_err(incomplete)?,
            FrameType::Exit => connection.report(exit(frame.body, log)),
            FrameType::Error if was_running => {
                connection.report(Err(Failure::new(server_text(frame.body))));
            }
            _ => {}
        }
        // Pings and empty frames tell nothing about the command.
        if !frame.body.is_empty() && frame.kind != FrameType::Ping {
            lock(&connection.now).silent_since = Instant::now();
        }
        Ok(())
    }

    /// Checks the limits of a silence, and returns how long to wait for bytes before the next
    /// check. `since` is when the current interval of silence began.
    fn look(&mut self, since: &mut Instant) -> io::Result<Option<Duration>> {
        let connection = self.connection;
        let mut next = Duration::MAX;
        if let Some(limit) = connection.options.silence() {
            next = limit.saturating_sub(connection.silent_for());
            if next.is_zero() {
                let time = show_duration(limit);
                let why = format!("nothing came for {time}; wait longer with --timeout");
                return Err(io::Error::other(why));
            }
        }
        if let Some(interval) = connection.options.alive_interval {
            if since.elapsed() >= interval {
                *since = Instant::now();
                match self.alive.silent_interval() {
                    // If earlier ones still wait, this one would not be sent in time, either.
                    Silence::Ping => drop(self.pings.try_send(FrameType::Ping)),
                    Silence::Wait => {}
                    // While the command does not read its input, the server does not read our ping,
                    // but its kernel acknowledges it.
                    Silence::Gone
                        if lock(&connection.now).input_sent
                            && !has_vanished(&connection.stream) => {}
                    Silence::Gone => {
                        let time = show_duration(interval * INTERVALS);
                        let why = format!("it answered no ping for {time}");
                        return Err(io::Error::other(why));
                    }
                }
            }
            next = next.min(interval.saturating_sub(since.elapsed()));
        }
        // Without a limit a read may wait for ever. Whole milliseconds, so that the timeout need not
        // be set for every read; 0 would be an error.
        let rounded = || Duration::from_millis(next.as_millis() as u64 + 1);
        Ok((next < Duration::MAX).then(rounded))
    }

    fn lost(&self, error: &io::Error) -> Failure {
        let (server, why) = (&self.connection.options.endpoint, reason(error));
        incomplete(format_args!(
            "connection to {server} lost before the exit status ({why})"
        ))
    }
}

/// Writes to stderr. If its reader has closed it, that does not end stdout.
fn write_stderr(stderr: &mut Option<Output>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(output) = stderr else { return Ok(()) };
    match output.write(bytes) {
        Err(failure) if failure.is_output_closed() && !is_stderr_stdout() => {
            *stderr = None;
            Ok(())
        }
        result => result,
    }
}

fn exit(body: &[u8], log: Log) -> Outcome {
    let status = ExitStatus::decode(body).map_err(incomplete)?;
    if let ExitStatus::Signal(signal) = status {
        let name = signal_name(signal);
        log.note(format_args!("killed by signal {signal}{name}"));
    }
    Ok(status.shell_status())
}

/// The names of common signals.
fn signal_name(signal: u8) -> &'static str {
    match signal {
        1 => " (HUP)",
        2 => " (INT)",
        3 => " (QUIT)",
        4 => " (ILL)",
        6 => " (ABRT)",
        8 => " (FPE)",
        9 => " (KILL)",
        11 => " (SEGV)",
        13 => " (PIPE)",
        14 => " (ALRM)",
        15 => " (TERM)",
        _ => "",
    }
}
