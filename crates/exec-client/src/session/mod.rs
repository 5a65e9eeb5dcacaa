//! The session protocol, from the client's side.
//!
//! | module | what it is for |
//! |---|---|
//! | `handshake` | the handshake, and what is wrong where there is none |
//! | `outgoing` | sealed frames to the server, and forwarding stdin |

mod handshake;
mod outgoing;

use std::io::{self, BufReader, ErrorKind, Read};
use std::sync::Arc;

use proto::cli::{Failure, Log, Output};
use proto::escape::server_text;
use proto::net::{Stream, Trace, TraceEvent, connect};
use proto::reason;
use proto::token::{Token, default_path};
use proto::wire::session::{
    BODY_LIMIT, ClientState, ExitStatus, Frame, FrameReader, FrameType, KeepAlive, Opener,
    SessionError,
};

use crate::body::silent;
use crate::options::Options;
use outgoing::{Outgoing, forward_stdin};

/// More than a whole frame, so that most come in one read.
const BUFFER: usize = BODY_LIMIT + 1024;

/// An authenticated connection.
pub struct Session<'o> {
    options: &'o Options,
    incoming: BufReader<Box<dyn Read + 'o>>,
    frames: FrameReader,
    opener: Opener,
    outgoing: Arc<Outgoing>,
    state: ClientState,
}

/// Reads from a stream that others write to.
struct Shared(Arc<Stream>);

impl Read for Shared {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buf)
    }
}

impl<'o> Session<'o> {
    /// Connects, and makes sure that the server knows the token before it is told anything.
    pub fn open(options: &'o Options) -> Result<Self, Failure> {
        let path = match &options.token_file {
            Some(path) => path.clone(),
            None => default_path().map_err(Failure::new)?,
        };
        let token = Token::read(&path).map_err(Failure::new)?;
        let unusable = |error| Failure::io("cannot use the connection", &error);
        let stream = connect(&options.endpoint, options.connect_timeout)?;
        stream.set_nodelay().map_err(unusable)?;
        let (sealer, opener) = handshake::exchange(options, &stream, &token, &path)?;
        stream
            .set_read_timeout(options.silence())
            .and_then(|()| stream.set_write_timeout(None))
            .map_err(unusable)?;
        let stream = Arc::new(stream);
        let watch = |event: &TraceEvent<'_>| options.log.trace(&options.endpoint, event);
        let traced = Trace::new(Shared(Arc::clone(&stream)), watch);
        Ok(Self {
            options,
            incoming: BufReader::with_capacity(BUFFER, Box::new(traced)),
            frames: FrameReader::default(),
            opener,
            outgoing: Arc::new(Outgoing::new(options, stream, sealer)),
            state: ClientState::Idle,
        })
    }

    /// Runs one command with its output on ours, and gives its status as a shell would.
    pub fn run(&mut self, command: &[u8]) -> Result<u8, Failure> {
        if command.len() > BODY_LIMIT {
            return Err(Failure::new(format!(
                "command is {} bytes; a session carries at most {BODY_LIMIT}; send a script with \
                 --stdin to sh",
                command.len()
            )));
        }
        self.state = ClientState::Running;
        self.outgoing
            .send_command(command, self.options.stdin)
            .map_err(|error| self.broken(&error))?;
        if self.options.stdin {
            forward_stdin(Arc::clone(&self.outgoing))?;
        }
        let mut stdout = Output::stdout();
        loop {
            let frame = match self
                .frames
                .read_sealed(&mut self.incoming, &mut self.opener)
            {
                Ok(Some(frame)) => frame,
                Ok(None) => return Err(incomplete("connection closed before the exit status")),
                Err(error) => return Err(self.explain(error)),
            };
            self.state = self
                .state
                .receive(frame.kind)
                .map_err(|unexpected| incomplete(&unexpected.to_string()))?;
            match frame.kind {
                FrameType::Stdout => stdout.write(frame.body)?,
                FrameType::Stderr => Output::stderr().write(frame.body)?,
                FrameType::Note => {
                    let note = server_text(frame.body);
                    self.options.log.note(format_args!("note: {note}"));
                }
                FrameType::Ping => {
                    let sent = self.outgoing.send_pong();
                    sent.map_err(|error| self.broken(&error))?;
                }
                // This client sends no pings, so none can be answered.
                FrameType::Pong => KeepAlive::default()
                    .pong()
                    .map_err(|unexpected| incomplete(&unexpected.to_string()))?,
                FrameType::Exit => return exit_status(frame.body, self.options.log),
                _ => return Err(refusal(&frame)),
            }
        }
    }

    fn explain(&self, error: SessionError) -> Failure {
        match error {
            SessionError::Io(error) => self.broken(&error),
            other => incomplete(&other.to_string()),
        }
    }

    fn broken(&self, error: &io::Error) -> Failure {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => silent(self.options, "no exit status"),
            _ => incomplete(&format!(
                "connection lost before the exit status ({})",
                reason(error)
            )),
        }
    }
}

fn incomplete(why: &str) -> Failure {
    Failure::new(format!("{why}; output may be incomplete"))
}

/// The server's own words, which are authentic here.
fn refusal(frame: &Frame<'_>) -> Failure {
    Failure::new(server_text(frame.body))
}

/// The status that a shell would have. That it was a signal is told, too.
fn exit_status(body: &[u8], log: Log) -> Result<u8, Failure> {
    let status = ExitStatus::decode(body).map_err(|error| incomplete(&error.to_string()))?;
    if let ExitStatus::Signal(signal) = status {
        let name = signal_name(signal);
        log.note(format_args!("killed by signal {signal}{name}"));
    }
    Ok(status.shell_status())
}

/// The names that everybody knows.
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
