//! The handshake: nothing is run before it, and nothing is allocated for it that counts.

use std::io::ErrorKind;

use proto::net::{Deadline, Peer, Stream, Trace};
use proto::wire::frame::{Foreign, FrameError};
use proto::wire::session::handshake::{HandshakeError, check_auth, hello};
use proto::wire::session::{
    FrameReader, Kind, Opener, Sealer, ServerState, SessionError, write_plain,
};

use super::End;
use crate::context::Context;

/// Greets a client and checks that it knows the token; gives the keys of the session.
///
/// All of it must be over within the handshake timeout, however the client spreads its bytes.
pub fn greet(context: &Context, stream: &Stream, peer: Peer) -> Result<(Sealer, Opener), End> {
    let Some(secrets) = &context.secrets else {
        return Err(End::Refused("this server has no token".into()));
    };
    let nonce = secrets
        .random
        .bytes()
        .map_err(|error| End::Refused(error.to_string()))?;
    let log = context.options.log;
    let limited = Deadline::after(stream, context.options.handshake_timeout);
    let mut traced = Trace::new(limited, |event| log.trace(&peer, event));

    write_plain(&mut traced, Kind::Hello, &hello(&nonce))?;
    let mut reader = FrameReader::default();
    let frame = match reader.read_plain(&mut traced) {
        Ok(Some(frame)) => frame,
        Ok(None) => return Err(End::ClosedByPeer),
        Err(error) => return Err(refusal(error)),
    };
    let accepted = match ServerState::AwaitingAuth.receive(frame.kind) {
        Ok(_) => check_auth(secrets.token.key(), &nonce, frame.body),
        Err(unexpected) => return Err(End::Violation(SessionError::Unexpected(unexpected))),
    };
    match accepted {
        Ok(agreement) => {
            write_plain(&mut traced, Kind::Welcome, agreement.welcome())?;
            Ok(agreement.into_server())
        }
        Err(error) => {
            tell(&mut traced, stream, &error);
            Err(End::Refused(error.to_string()))
        }
    }
}

/// Says why, and reads what is on its way, so that closing does not discard the words.
fn tell(
    traced: &mut (impl std::io::Read + std::io::Write),
    stream: &Stream,
    error: &HandshakeError,
) {
    let told = write_plain(traced, Kind::Error, error.to_string().as_bytes())
        .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    if told.is_ok() {
        // Within the handshake's deadline, and not for long.
        let _ = traced.read(&mut [0; 1024]);
    }
}

fn refusal(error: SessionError) -> End {
    match error {
        SessionError::Frame(FrameError::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            End::Refused("authentication failed (it took too long)".into())
        }
        SessionError::Frame(FrameError::Io(error)) => End::Failed(error),
        SessionError::Frame(FrameError::Foreign { speaker, .. }) => End::Foreign(match speaker {
            Foreign::HttpRequest | Foreign::HttpResponse => {
                "an HTTP request; this port does not speak HTTP"
            }
            Foreign::Ssh => "an ssh client; this port does not speak ssh",
            Foreign::Tls => "a TLS client; this port does not speak TLS",
        }),
        other => End::Violation(other),
    }
}
