//! The client's handshake, and the error messages for a failed one.

use std::fmt;
use std::path::Path;

use proto::cli::{Failure, show_duration};
use proto::escape::{quoted, server_text, shown_path};
use proto::net::{DeadlineStream, Refused, Stream};
use proto::random::Random;
use proto::token::Token;
use proto::wire::session::handshake::{Agreement, HandshakeError, read_hello};
use proto::wire::session::{
    ClientState, Frame, FrameReader, FrameType, Opener, Sealer, SessionError, write_plain,
};
use proto::{is_timeout, reason};

use crate::options::Options;
use crate::rest_of_line;

/// How much of another server's greeting is shown.
const SHOWN: usize = 60;

/// Authenticates both sides to each other, and returns the keys of the session.
///
/// The handshake timeout is one deadline for the whole handshake, however slowly the server sends.
pub fn exchange(
    options: &Options,
    stream: &Stream,
    token: &Token,
    path: &Path,
) -> Result<(Sealer, Opener), Failure> {
    let limited = DeadlineStream::after(stream, options.handshake_timeout);
    let mut traced = options.log.traced(&options.endpoint, limited);
    let mut frames = FrameReader::default();
    let explain = Explain {
        options,
        stream,
        path,
    };
    let hello = explain.expect(ClientState::AwaitingHello, frames.read_plain(&mut traced))?;
    let server = read_hello(hello.body)?;
    let client = Random::open()?.bytes()?;
    let agreement = Agreement::new(token.key(), &server, &client)?;
    let welcome = write_plain(&mut traced, FrameType::Auth, &agreement.auth())
        .map_err(SessionError::from)
        .and_then(|()| frames.read_plain(&mut traced));
    let welcome = explain.expect(ClientState::AwaitingWelcome, welcome)?;
    agreement
        .check_welcome(welcome.body)
        .map_err(|error| match error {
            HandshakeError::ServerProof => Failure::new(format!(
                "{error} ({}); no command was sent; is another program on that port?",
                shown_path(path)
            )),
            error => error.into(),
        })
}

/// Makes the error message for a failed handshake.
struct Explain<'a> {
    options: &'a Options,
    stream: &'a Stream,
    path: &'a Path,
}

impl Explain<'_> {
    /// The frame, if one was read and is allowed in this state.
    fn expect<'f>(
        &self,
        state: ClientState,
        read: Result<Option<Frame<'f>>, SessionError>,
    ) -> Result<Frame<'f>, Failure> {
        let frame = match read {
            Ok(Some(frame)) => frame,
            Ok(None) => return Err(self.ended(state, "it closed the connection")),
            Err(SessionError::Io(error)) if is_timeout(&error) => {
                let limit = show_duration(self.options.handshake_timeout);
                return Err(self.ended(state, &format!("nothing came within {limit}")));
            }
            Err(SessionError::Io(error)) => return Err(self.ended(state, &reason(&error))),
            Err(SessionError::Frame(error))
                if let Some(prefix) = error.prefix()
                    && state == ClientState::AwaitingHello =>
            {
                return Err(self.not_a_session(&prefix));
            }
            Err(error) => return Err(self.breaks(&error)),
        };
        if let Err(unexpected) = state.receive(frame.kind) {
            return Err(self.breaks(&unexpected));
        }
        if frame.kind == FrameType::Error && frame.body.starts_with(b"authentication failed") {
            return Err(Failure::new(format!(
                "authentication failed: this client's token ({}) is not the server's; copy the \
                 server's file, or name it with --token-file",
                shown_path(self.path)
            )));
        }
        if frame.kind == FrameType::Error {
            let (endpoint, words) = (&self.options.endpoint, server_text(frame.body));
            return Err(Failure::new(format!("{endpoint} refuses: {words}")));
        }
        Ok(frame)
    }

    fn breaks(&self, how: &dyn fmt::Display) -> Failure {
        let endpoint = &self.options.endpoint;
        Failure::new(format!("{endpoint} breaks the session protocol ({how})"))
    }

    /// The connection ended, or the server was silent.
    fn ended(&self, state: ClientState, how: &str) -> Failure {
        let endpoint = &self.options.endpoint;
        Failure::new(match state {
            ClientState::AwaitingHello => format!(
                "{endpoint} does not greet as a session server does ({how}); for one of the \
                 lesson's servers use --protocol raw, length or header"
            ),
            _ => format!("{endpoint} did not finish the handshake ({how}); look at its log"),
        })
    }

    /// A server of another protocol, or one that refuses us in a line of text.
    fn not_a_session(&self, prefix: &[u8]) -> Failure {
        let mut line = prefix.to_vec();
        rest_of_line(self.stream, &mut line);
        let endpoint = &self.options.endpoint;
        if let Some(refused) = Refused::parse(endpoint, &line) {
            return refused.into();
        }
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        Failure::new(format!(
            "the server does not speak the session protocol (got {}); is {endpoint} the right \
             address?",
            quoted(line.trim_ascii_end(), SHOWN)
        ))
    }
}
