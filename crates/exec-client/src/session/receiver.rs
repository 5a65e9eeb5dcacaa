//! Reads the server's frames, and passes on output and exit statuses.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use proto::cli::{Failure, Log, Output, is_stderr_stdout};
use proto::escape::server_text;
use proto::wire::frame::FrameError;
use proto::wire::session::{BODY_LIMIT, ExitStatus, FrameReader, FrameType, Opener, SessionError};
use proto::{is_timeout, reason, retry};

use super::connection::Connection;
use super::{Outcome, incomplete};
use crate::Done;
use crate::options::Options;

/// More than a whole frame, so that most frames need one read.
const BUFFER: usize = BODY_LIMIT + 1024;

/// Starts the thread that reads until the connection ends. It reports the end of each command.
pub fn start(
    options: &Arc<Options>,
    connection: &Arc<Connection>,
    opener: Opener,
    report: mpsc::Sender<Outcome>,
) -> Result<(), Failure> {
    let (options, connection) = (Arc::clone(options), Arc::clone(connection));
    thread::Builder::new()
        .name("receiver".into())
        .spawn(move || Receiver::new(&options, &connection, opener).run(&report))
        .map(drop)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}

struct Receiver<'a> {
    options: &'a Options,
    connection: &'a Arc<Connection>,
    incoming: BufReader<Box<dyn Read + 'a>>,
    frames: FrameReader,
    opener: Opener,
    shown: Shown,
}

impl<'a> Receiver<'a> {
    fn new(options: &'a Options, connection: &'a Arc<Connection>, opener: Opener) -> Self {
        let incoming = Incoming {
            stream: options.log.traced(&options.endpoint, &connection.stream),
            connection,
            timeout: None,
        };
        Self {
            options,
            connection,
            incoming: BufReader::with_capacity(BUFFER, Box::new(incoming)),
            frames: FrameReader::default(),
            opener,
            shown: Shown {
                stdout_is_terminal: Output::stdout().is_terminal(),
                stderr_closed: false,
                open_line: false,
            },
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
            FrameType::Stdout => self.shown.stdout(frame.body)?,
            FrameType::Stderr => self.shown.stderr(frame.body)?,
            FrameType::Note => log.note(format_args!("note: {}", server_text(frame.body))),
            FrameType::Ping => self
                .connection
                .answer()
                .map_err(|error| Failure::start("cannot start a thread", &error))?,
            FrameType::Exit => return Ok(Some(self.shown.exit(frame.body, log))),
            FrameType::Error if was_running => {
                self.shown.open_line = false;
                return Ok(Some(Err(Failure::new(server_text(frame.body)))));
            }
            _ => {}
        }
        // Pings and empty frames tell nothing about the command.
        if !frame.body.is_empty() && frame.kind != FrameType::Ping {
            self.connection.passed_on();
        } else if self.incoming.buffer().is_empty() {
            let checked = self.connection.check_timeout();
            checked.map_err(|error| self.lost(&error))?;
        }
        Ok(None)
    }

    fn lost(&self, error: &io::Error) -> Failure {
        let (server, why) = (&self.options.endpoint, reason(error));
        let lost = format!("connection to {server} lost before the exit status ({why})");
        incomplete(&lost)
    }
}

/// Writes the output of commands.
struct Shown {
    stdout_is_terminal: bool,
    stderr_closed: bool,
    open_line: bool,
}

impl Shown {
    fn stdout(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.stdout_is_terminal {
            self.look_at_end(bytes);
        }
        Output::stdout().write(bytes)
    }

    /// A closed stderr does not end stdout.
    fn stderr(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.stderr_closed {
            return Ok(());
        }
        self.look_at_end(bytes);
        match Output::stderr().write(bytes) {
            Err(failure) if failure.is_output_closed() && !is_stderr_stdout() => {
                self.stderr_closed = true;
                Ok(())
            }
            result => result,
        }
    }

    fn look_at_end(&mut self, bytes: &[u8]) {
        self.open_line = bytes.last().map_or(self.open_line, |last| *last != b'\n');
    }

    fn exit(&mut self, body: &[u8], log: Log) -> Outcome {
        let status = ExitStatus::decode(body).map_err(|error| incomplete(&error.to_string()))?;
        if let ExitStatus::Signal(signal) = status {
            let name = signal_name(signal);
            log.note(format_args!("killed by signal {signal}{name}"));
            self.open_line = false;
        }
        Ok(Done {
            status: status.shell_status(),
            open_line: std::mem::take(&mut self.open_line),
        })
    }
}

/// Reads from the server, and checks the limits while no bytes arrive.
struct Incoming<'a, S> {
    stream: S,
    connection: &'a Arc<Connection>,
    /// The stream's read timeout.
    timeout: Option<Duration>,
}

impl<S: Read> Read for Incoming<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let timeout = self.connection.read_timeout();
            if self.timeout != timeout {
                self.connection.stream.set_read_timeout(timeout)?;
                self.timeout = timeout;
            }
            match retry(|| self.stream.read(buf)) {
                Err(error) if is_timeout(&error) => self.connection.nothing_came()?,
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
