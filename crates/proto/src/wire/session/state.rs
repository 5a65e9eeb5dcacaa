//! Which frame may come when.

use std::fmt;

use super::Kind;

/// What a server expects of its client.
///
/// ```
/// use proto::wire::session::{Kind, ServerState};
///
/// let state = ServerState::AwaitingAuth.receive(Kind::Auth)?;
/// assert!(state.receive(Kind::Command)?.is_running());
///
/// let error = state.receive(Kind::Auth).unwrap_err();
/// assert_eq!(error.to_string(), "unexpected auth frame in state idle");
/// # Ok::<(), proto::wire::session::Unexpected>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// `hello` was sent.
    AwaitingAuth,
    /// No command runs, and none has left input behind.
    Idle,
    /// A command runs, and takes input.
    Running,
    /// A command runs, and its input has ended.
    RunningWithoutInput,
    /// A command has ended before its input: what the client had sent meanwhile may still come.
    IdleAfterInput,
}

impl ServerState {
    /// The state after a frame from the client.
    ///
    /// # Errors
    ///
    /// [`Unexpected`], where that frame may not come now.
    pub const fn receive(self, kind: Kind) -> Result<Self, Unexpected> {
        Ok(match (self, kind) {
            (Self::AwaitingAuth, Kind::Auth) => Self::Idle,
            (Self::Idle | Self::IdleAfterInput, Kind::Command) => Self::Running,
            (Self::Running, Kind::Stdin) => Self::Running,
            (Self::Running, Kind::StdinEof) => Self::RunningWithoutInput,
            (Self::IdleAfterInput, Kind::Stdin) => Self::IdleAfterInput,
            (Self::IdleAfterInput, Kind::StdinEof) => Self::Idle,
            _ => {
                let state = self.name();
                return Err(Unexpected { kind, state });
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
            Self::AwaitingAuth => "awaiting auth",
            Self::Idle | Self::IdleAfterInput => "idle",
            Self::Running => "running",
            Self::RunningWithoutInput => "running without input",
        }
    }
}

/// What a client expects of its server.
///
/// ```
/// use proto::wire::session::{ClientState, Kind};
///
/// assert_eq!(ClientState::Running.receive(Kind::Exit)?, ClientState::Idle);
/// assert!(ClientState::Idle.receive(Kind::Stdout).is_err());
/// # Ok::<(), proto::wire::session::Unexpected>(())
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
    /// [`Unexpected`], where that frame may not come now.
    pub const fn receive(self, kind: Kind) -> Result<Self, Unexpected> {
        Ok(match (self, kind) {
            (Self::AwaitingHello, Kind::Hello) => Self::AwaitingWelcome,
            (Self::AwaitingWelcome, Kind::Welcome) => Self::Idle,
            // A refusal, in words that nothing vouches for.
            (Self::AwaitingHello | Self::AwaitingWelcome, Kind::Error) => self,
            (Self::Running, Kind::Stdout | Kind::Stderr) => Self::Running,
            (Self::Running, Kind::Exit | Kind::Error) => Self::Idle,
            // The server is about to close, and says why.
            (Self::Idle, Kind::Error) => Self::Idle,
            _ => {
                let state = self.name();
                return Err(Unexpected { kind, state });
            }
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::AwaitingHello => "awaiting hello",
            Self::AwaitingWelcome => "awaiting welcome",
            Self::Idle => "idle",
            Self::Running => "running",
        }
    }
}

/// A frame that may not come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected {
    /// Which.
    pub kind: Kind,
    /// Now.
    pub state: &'static str,
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unexpected {} frame in state {}",
            self.kind.name(),
            self.state
        )
    }
}

impl std::error::Error for Unexpected {}
