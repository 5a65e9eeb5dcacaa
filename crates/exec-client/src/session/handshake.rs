//! The handshake from the client's side, and what is wrong where there is none.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use proto::cli::{Failure, show_duration};
use proto::escape::{quoted, server_text};
use proto::net::{DeadlineStream, Refused, Stream, Trace, TraceEvent};
use proto::random::Random;
use proto::token::Token;
use proto::wire::session::handshake::{Agreement, HandshakeError, read_hello};
use proto::wire::session::{
    ClientState, Frame, FrameReader, FrameType, Opener, Sealer, SessionError, write_plain,
};

use crate::options::Options;

/// How much of what a strange server says is shown.
const SHOWN: usize = 60;

/// Authenticates both sides to each other; gives the keys of the session.
///
/// All of it must be over within the handshake timeout, however the server spreads its bytes.
pub fn exchange(
    options: &Options,
    stream: &Stream,
    token: &Token,
    path: &Path,
) -> Result<(Sealer, Opener), Failure> {
    let limit = options.handshake_timeout;
    let watch = |event: &TraceEvent<'_>| options.log.trace(&options.endpoint, event);
    let mut talk = Recorder {
        stream: Trace::new(DeadlineStream::after(stream, limit), watch),
        first: Vec::new(),
    };
    let mut frames = FrameReader::default();
    let explain = Explain {
        options,
        stream,
        path,
    };

    let server = match frames.read_plain(&mut talk) {
        Ok(Some(frame)) => explain.hello(&frame)?,
        Ok(None) => return Err(explain.no_greeting("it closed the connection")),
        Err(error) => return Err(explain.strange(&error, talk.first)),
    };
    let random = Random::open().map_err(Failure::new)?;
    let client = random.bytes().map_err(Failure::new)?;
    let agreement = Agreement::new(token.key(), &server, &client).map_err(Failure::new)?;
    let answer = write_plain(&mut talk.stream, FrameType::Auth, &agreement.auth())
        .map_err(SessionError::Io)
        .and_then(|()| frames.read_plain(&mut talk));
    match answer {
        Ok(Some(frame)) => {
            explain.welcome(&frame)?;
            agreement
                .check_welcome(frame.body)
                .map_err(|error| explain.refused(&error))
        }
        Ok(None) => Err(explain.wrong_token()),
        Err(SessionError::Io(error)) if !is_timeout(&error) => Err(explain.wrong_token()),
        Err(SessionError::Io(_)) => {
            let limit = show_duration(limit);
            Err(explain.no_greeting(&format!("it did not answer within {limit}")))
        }
        Err(error) => Err(explain.breaks(&error)),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// Remembers the first bytes that come, for an error message.
struct Recorder<S> {
    stream: S,
    first: Vec<u8>,
}

impl<S: Read> Read for Recorder<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buf)?;
        let room = SHOWN.saturating_sub(self.first.len()).min(count);
        self.first.extend_from_slice(&buf[..room]);
        Ok(count)
    }
}

/// Finds the words for what went wrong.
struct Explain<'a> {
    options: &'a Options,
    stream: &'a Stream,
    path: &'a Path,
}

impl Explain<'_> {
    fn hello(&self, frame: &Frame<'_>) -> Result<[u8; 32], Failure> {
        self.expect(ClientState::AwaitingHello, frame)?;
        read_hello(frame.body).map_err(|error| self.refused(&error))
    }

    fn welcome(&self, frame: &Frame<'_>) -> Result<(), Failure> {
        if frame.kind == FrameType::Error && frame.body.starts_with(b"authentication failed") {
            return Err(self.wrong_token());
        }
        self.expect(ClientState::AwaitingWelcome, frame)
    }

    fn expect(&self, state: ClientState, frame: &Frame<'_>) -> Result<(), Failure> {
        if let Err(unexpected) = state.receive(frame.kind) {
            return Err(self.breaks(&unexpected));
        }
        if frame.kind == FrameType::Error {
            let endpoint = &self.options.endpoint;
            let words = server_text(frame.body);
            return Err(Failure::new(format!("{endpoint} refuses: {words}")));
        }
        Ok(())
    }

    fn refused(&self, error: &HandshakeError) -> Failure {
        match error {
            HandshakeError::ServerProof => Failure::new(format!(
                "{error} ({}); no command was sent; is another program on that port?",
                self.path.display()
            )),
            _ => Failure::new(error),
        }
    }

    fn breaks(&self, how: &dyn fmt::Display) -> Failure {
        let endpoint = &self.options.endpoint;
        Failure::new(format!("{endpoint} breaks the session protocol ({how})"))
    }

    fn wrong_token(&self) -> Failure {
        Failure::new(format!(
            "authentication failed: this client's token ({}) is not the server's; copy the \
             server's file, or name it with --token-file",
            self.path.display()
        ))
    }

    fn no_greeting(&self, how: &str) -> Failure {
        let endpoint = &self.options.endpoint;
        Failure::new(format!(
            "{endpoint} does not greet as a session server does ({how}); for one of the lesson's \
             servers use --protocol raw, length or header"
        ))
    }

    /// What came is no frame of the handshake.
    fn strange(&self, error: &SessionError, mut first: Vec<u8>) -> Failure {
        if let SessionError::UnknownType(_) | SessionError::HashWithoutKey(_) = error {
            return self.breaks(error);
        }
        if let SessionError::Io(error) = error {
            let limit = show_duration(self.options.handshake_timeout);
            let how = match is_timeout(error) {
                true => format!("nothing came within {limit}"),
                false => proto::reason(error),
            };
            return self.no_greeting(&how);
        }
        // The rest of the line may be on its way.
        let mut more = [0; SHOWN];
        let waits = self
            .stream
            .set_read_timeout(Some(Duration::from_millis(200)));
        if waits.is_ok()
            && let Ok(count) = (&*self.stream).read(&mut more)
        {
            first.extend_from_slice(&more[..count]);
        }
        let line = first.split(|&b| b == b'\n').next().unwrap_or_default();
        let line = line.trim_ascii_end();
        let endpoint = &self.options.endpoint;
        if let Some(refused) = Refused::parse(endpoint, line) {
            return refused.into();
        }
        Failure::new(format!(
            "the server does not speak the session protocol (got {}); is {endpoint} the right \
             address?",
            quoted(line, SHOWN)
        ))
    }
}
