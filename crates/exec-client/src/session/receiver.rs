//! Reads the server's frames, and passes on output and exit statuses.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use proto::cli::{Failure, Log, Output, is_stderr_stdout, start_thread};
use proto::escape::server_text;
use proto::wire::frame::FrameError;
use proto::wire::session::{BODY_LIMIT, ExitStatus, FrameReader, FrameType, Opener, SessionError};
use proto::{is_timeout, reason, retry};

use super::connection::Connection;
use super::{Outcome, incomplete};
use crate::options::Options;

/// More than a whole frame, so that most frames need one read.
const BUFFER: usize = BODY_LIMIT + 1024;

/// How many pings and pongs wait to be sent: one of ours, and one for the server's last `ping`.
const MAX_WAITING: usize = 2;

/// Starts the thread that reads until the connection ends. It reports the end of each command.
pub fn start(
    options: &'static Options,
    connection: &Arc<Connection>,
    opener: Opener,
    report: mpsc::Sender<Outcome>,
) -> Result<(), Failure> {
    // The receiver must not block in a write: if the server waits for the command to read its input,
    // and the command waits for us to read its output, that would be a deadlock.
    let (pings, waiting) = mpsc::sync_channel(MAX_WAITING);
    let (sender, connection) = (Arc::clone(connection), Arc::clone(connection));
    start_thread("pings", move || {
        for kind in waiting {
            // If the connection is lost, the receiver reports it.
            let _ = sender.send([(kind, b"")]);
        }
    })?;
    let receive = move || Receiver::new(options, &connection, &pings, opener).run(&report);
    start_thread("receiver", receive).map(drop)
}

struct Receiver<'a> {
    options: &'static Options,
    connection: &'a Connection,
    pings: &'a SyncSender<FrameType>,
    incoming: BufReader<Box<dyn Read + 'a>>,
    frames: FrameReader,
    opener: Opener,
    stdout: Output,
    /// `None` once its reader has closed it.
    stderr: Option<Output>,
}

impl<'a> Receiver<'a> {
    fn new(
        options: &'static Options,
        connection: &'a Connection,
        pings: &'a SyncSender<FrameType>,
        opener: Opener,
    ) -> Self {
        let incoming = Incoming {
            stream: options.log.traced(&options.endpoint, &connection.stream),
            connection,
            pings,
            timeout: None,
        };
        Self {
            options,
            connection,
            pings,
            incoming: BufReader::with_capacity(BUFFER, Box::new(incoming)),
            frames: FrameReader::default(),
            opener,
            stdout: Output::stdout(),
            stderr: Some(Output::stderr()),
        }
    }

    fn run(mut self, report: &mpsc::Sender<Outcome>) {
        let failure = loop {
            match self.next_frame() {
                Ok(None) => {}
                // If the main thread has ended, the process is about to end.
                Ok(Some(outcome)) => drop(report.send(outcome)),
                Err(failure) => break failure,
            }
        };
        if self.connection.end() {
            let _ = report.send(Err(failure));
        }
    }

    /// Reads and handles one frame. Returns the command's outcome if it was the command's last
    /// frame.
    fn next_frame(&mut self) -> Result<Option<Outcome>, Failure> {
        let frame = self
            .frames
            .read_sealed(&mut self.incoming, &mut self.opener);
        let frame = match frame {
            Ok(Some(frame)) => frame,
            Ok(None)
            | Err(SessionError::Short { .. } | SessionError::Frame(FrameError::Short { .. })) => {
                return Err(incomplete("connection closed before the exit status"));
            }
            Err(SessionError::Io(error)) => return Err(self.lost(&error)),
            Err(error) => return Err(incomplete(&error.to_string())),
        };
        let was_running = self
            .connection
            .receive(frame.kind)
            .map_err(|unexpected| incomplete(&unexpected.to_string()))?;
        let log = self.options.log;
        match frame.kind {
            FrameType::Stdout => self.stdout.write(frame.body)?,
            FrameType::Stderr => write_stderr(&mut self.stderr, frame.body)?,
            FrameType::Note => log.note(format_args!("note: {}", server_text(frame.body))),
            FrameType::Ping if self.pings.try_send(FrameType::Pong).is_err() => {
                let (kind, when) = (frame.kind, "before the last was answered");
                return Err(incomplete(
                    &SessionError::Unexpected { kind, when }.to_string(),
                ));
            }
            FrameType::Exit => return Ok(Some(exit(frame.body, log))),
            FrameType::Error if was_running => {
                return Ok(Some(Err(Failure::new(server_text(frame.body)))));
            }
            _ => {}
        }
        // Pings and empty frames tell nothing about the command.
        if !frame.body.is_empty() && frame.kind != FrameType::Ping {
            self.connection.passed_on();
        }
        Ok(None)
    }

    fn lost(&self, error: &io::Error) -> Failure {
        let (server, why) = (&self.options.endpoint, reason(error));
        let lost = format!("connection to {server} lost before the exit status ({why})");
        incomplete(&lost)
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
    let status = ExitStatus::decode(body).map_err(|error| incomplete(&error.to_string()))?;
    if let ExitStatus::Signal(signal) = status {
        let name = signal_name(signal);
        log.note(format_args!("killed by signal {signal}{name}"));
    }
    Ok(status.shell_status())
}

/// Reads from the server, and checks the limits while no bytes arrive.
struct Incoming<'a, S> {
    stream: S,
    connection: &'a Connection,
    pings: &'a SyncSender<FrameType>,
    /// The stream's read timeout.
    timeout: Option<Duration>,
}

impl<S: Read> Read for Incoming<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let timeout = self.connection.read_timeout()?;
            if self.timeout != timeout {
                self.connection.stream.set_read_timeout(timeout)?;
                self.timeout = timeout;
            }
            match retry(|| self.stream.read(buf)) {
                Err(error) if is_timeout(&error) => {
                    if self.connection.is_ping_due()? {
                        // If earlier ones still wait, this one would not be sent in time, either.
                        let _ = self.pings.try_send(FrameType::Ping);
                    }
                }
                result => {
                    self.connection.heard();
                    return result;
                }
            }
        }
    }
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
