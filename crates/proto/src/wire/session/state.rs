//! State machines: which frames are allowed when.

use super::FrameType;
use super::error::SessionError;

/// The state of a server, which tells what the client may send.
///
/// ```
/// use proto::wire::session::{FrameType, ServerState};
///
/// let state = ServerState::AwaitingAuth.receive(FrameType::Auth)?;
/// assert!(state.receive(FrameType::Command)?.is_running());
///
/// let error = state.receive(FrameType::Auth).unwrap_err();
/// assert_eq!(error.to_string(), "unexpected auth frame in state idle");
/// # Ok::<(), proto::wire::session::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// `hello` was sent.
    AwaitingAuth,
    /// No command runs, and the input of the last one has ended.
    Idle,
    /// A command runs, and takes input.
    Running,
    /// A command runs, and its input has ended.
    RunningWithoutInput,
    /// A command has ended before its input. The rest of that input may still arrive.
    IdleAfterInput,
}

impl ServerState {
    /// The state after a frame from the client.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unexpected`] if the frame is not allowed now.
    pub const fn receive(self, kind: FrameType) -> Result<Self, SessionError> {
        Ok(match (self, kind) {
            (Self::AwaitingAuth, FrameType::Auth) => Self::Idle,
            (Self::Idle | Self::IdleAfterInput, FrameType::Command) => Self::Running,
            (Self::Running, FrameType::Stdin) => Self::Running,
            (Self::Running, FrameType::StdinEof) => Self::RunningWithoutInput,
            (Self::IdleAfterInput, FrameType::Stdin) => Self::IdleAfterInput,
            (Self::IdleAfterInput, FrameType::StdinEof) => Self::Idle,
            (_, FrameType::Ping | FrameType::Pong) if !matches!(self, Self::AwaitingAuth) => self,
            _ => {
                let when = self.name();
                return Err(SessionError::Unexpected { kind, when });
            }
        })
    }

    /// The state after the command's `exit` or `error` was sent.
    #[must_use]
    pub const fn command_ended(self) -> Self {
        match self {
            Self::Running => Self::IdleAfterInput,
            Self::RunningWithoutInput => Self::Idle,
            other => other,
        }
    }

    /// Whether a command runs.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::RunningWithoutInput)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::AwaitingAuth => "in state awaiting auth",
            Self::Idle | Self::IdleAfterInput => "in state idle",
            Self::Running => "in state running",
            Self::RunningWithoutInput => "in state running without input",
        }
    }
}

/// The state of a client, which tells what the server may send.
///
/// ```
/// use proto::wire::session::{ClientState, FrameType};
///
/// assert_eq!(ClientState::Running.receive(FrameType::Exit)?, ClientState::Idle);
/// assert!(ClientState::Idle.receive(FrameType::Stdout).is_err());
/// # Ok::<(), proto::wire::session::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// Just connected.
    AwaitingHello,
    /// `auth` was sent.
    AwaitingWelcome,
    /// No command runs.
    Idle,
    /// `command` was sent.
    Running,
}

impl ClientState {
    /// The state after a frame from the server.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unexpected`] if the frame is not allowed now.
    pub const fn receive(self, kind: FrameType) -> Result<Self, SessionError> {
        Ok(match (self, kind) {
            (Self::AwaitingHello, FrameType::Hello) => Self::AwaitingWelcome,
            (Self::AwaitingWelcome, FrameType::Welcome) => Self::Idle,
            // A refusal. It is not authenticated.
            (Self::AwaitingHello | Self::AwaitingWelcome, FrameType::Error) => self,
            (Self::Running, FrameType::Stdout | FrameType::Stderr | FrameType::Note) => {
                Self::Running
            }
            (Self::Running, FrameType::Exit | FrameType::Error) => Self::Idle,
            // The server sends the reason and then closes.
            (Self::Idle, FrameType::Error) => Self::Idle,
            (Self::Idle | Self::Running, FrameType::Ping | FrameType::Pong) => self,
            _ => {
                let when = self.name();
                return Err(SessionError::Unexpected { kind, when });
            }
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::AwaitingHello => "in state awaiting hello",
            Self::AwaitingWelcome => "in state awaiting welcome",
            Self::Idle => "in state idle",
            Self::Running => "in state running",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_accepts_exactly_the_allowed_frames_in_every_state() {
        use ServerState::*;
        let allowed = [
            (AwaitingAuth, FrameType::Auth, Idle),
            (Idle, FrameType::Command, Running),
            (Running, FrameType::Stdin, Running),
            (Running, FrameType::StdinEof, RunningWithoutInput),
            (IdleAfterInput, FrameType::Command, Running),
            (IdleAfterInput, FrameType::Stdin, IdleAfterInput),
            (IdleAfterInput, FrameType::StdinEof, Idle),
            (Idle, FrameType::Ping, Idle),
            (Running, FrameType::Ping, Running),
            (RunningWithoutInput, FrameType::Ping, RunningWithoutInput),
            (IdleAfterInput, FrameType::Ping, IdleAfterInput),
            (Idle, FrameType::Pong, Idle),
            (Running, FrameType::Pong, Running),
            (RunningWithoutInput, FrameType::Pong, RunningWithoutInput),
            (IdleAfterInput, FrameType::Pong, IdleAfterInput),
        ];
        for state in [
            AwaitingAuth,
            Idle,
            Running,
            RunningWithoutInput,
            IdleAfterInput,
        ] {
            for kind in FrameType::ALL {
                let next = allowed.iter().find(|(s, k, _)| (*s, *k) == (state, kind));
                assert_eq!(
                    state.receive(kind).ok(),
                    next.map(|(_, _, n)| *n),
                    "{state:?} {kind:?}"
                );
            }
        }
        assert_eq!(Running.command_ended(), IdleAfterInput);
        assert_eq!(RunningWithoutInput.command_ended(), Idle);
        let error = Running.receive(FrameType::Command).unwrap_err().to_string();
        assert_eq!(error, "unexpected command frame in state running");
    }

    #[test]
    fn the_client_accepts_exactly_the_allowed_frames_in_every_state() {
        use ClientState::*;
        let allowed = [
            (AwaitingHello, FrameType::Hello, AwaitingWelcome),
            (AwaitingHello, FrameType::Error, AwaitingHello),
            (AwaitingWelcome, FrameType::Welcome, Idle),
            (AwaitingWelcome, FrameType::Error, AwaitingWelcome),
            (Idle, FrameType::Error, Idle),
            (Running, FrameType::Stdout, Running),
            (Running, FrameType::Stderr, Running),
            (Running, FrameType::Note, Running),
            (Idle, FrameType::Ping, Idle),
            (Running, FrameType::Ping, Running),
            (Idle, FrameType::Pong, Idle),
            (Running, FrameType::Pong, Running),
            (Running, FrameType::Exit, Idle),
            (Running, FrameType::Error, Idle),
        ];
        for state in [AwaitingHello, AwaitingWelcome, Idle, Running] {
            for kind in FrameType::ALL {
                let next = allowed.iter().find(|(s, k, _)| (*s, *k) == (state, kind));
                assert_eq!(
                    state.receive(kind).ok(),
                    next.map(|(_, _, n)| *n),
                    "{state:?} {kind:?}"
                );
            }
        }
    }
}
