//! The server's handshake. No command runs before it, and it needs little memory.

use std::io::ErrorKind;

use proto::cli::show_duration;
use proto::net::{DeadlineStream, lingering_close};
use proto::wire::frame::FrameError;
use proto::wire::session::handshake::{check_auth, hello};
use proto::wire::session::{
    FrameReader, FrameType, Opener, Sealer, ServerState, SessionError, write_plain,
};

use super::shared::LAST_WORDS;
use crate::client::Client;
use crate::close_reason::CloseReason;

/// Sends `hello`, checks that the client knows the token, and returns the keys of the session.
///
/// The handshake timeout is one deadline for all of it. A client that is refused gets the reason in
/// an unauthenticated frame.
pub fn authenticate(client: &Client) -> Result<(Sealer, Opener), CloseReason> {
    let keys = exchange(client);
    if let Err(reason) = &keys
        && let Some(words) = reason.last_frame()
    {
        let stream = &client.stream;
        let mut traced = client.traced(DeadlineStream::after(stream, LAST_WORDS));
        if write_plain(&mut traced, FrameType::Error, words.as_bytes()).is_ok() {
            lingering_close(stream);
        }
    }
    keys
}

fn exchange(client: &Client) -> Result<(Sealer, Opener), CloseReason> {
    let context = &client.context;
    let Some(secrets) = &context.secrets else {
        return Err(CloseReason::Refused("this server has no token".into()));
    };
    let nonce = secrets
        .random
        .bytes()
        .map_err(|error| CloseReason::Refused(error.to_string()))?;
    let limit = context.options.handshake_timeout;
    let mut traced = client.traced(DeadlineStream::after(&client.stream, limit));

    write_plain(&mut traced, FrameType::Hello, &hello(&nonce))?;
    let mut reader = FrameReader::default();
    let frame = match reader.read_plain(&mut traced) {
        Ok(Some(frame)) => frame,
        Ok(None) => return Err(CloseReason::ClosedByPeer),
        Err(SessionError::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            let limit = show_duration(limit);
            let why = format!("the handshake was not over within {limit}");
            return Err(CloseReason::Refused(why));
        }
        Err(SessionError::Frame(FrameError::WrongProtocol { found, .. })) => {
            return Err(CloseReason::WrongProtocol(found));
        }
        Err(error) => return Err(error.into()),
    };
    ServerState::AwaitingAuth.receive(frame.kind)?;
    let agreement = check_auth(secrets.token.key(), &nonce, frame.body)
        .map_err(|error| CloseReason::Refused(error.to_string()))?;
    write_plain(&mut traced, FrameType::Welcome, agreement.welcome())?;
    Ok(agreement.into_server())
}
