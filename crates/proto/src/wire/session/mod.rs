//! The session protocol: authenticated on both sides, streaming, with an exit status.
//!
//! Every message, in both directions, is a header frame with exactly the lesson's three fields:
//! `filename` is the frame's type ([`Kind`]), `total_size` its body's length, and `hash` its
//! authentication code. One command looks like this:
//!
//! ```text
//! client                                                        server
//!    |  <------------ hello    "sockexec/1\0" Ns                  |
//!    |  auth     Nc HMAC(K, ... "client\0" Ns Nc)  ------------>  |
//!    |  <------------ welcome  HMAC(K, ... "server\0" Ns Nc)      |
//!    |                                                            |
//!    |  command  "tar x"  ------------------------------------->  |
//!    |  stdin    64 KiB   ------------------------------------->  |   (as often as there is input)
//!    |  stdin-eof         ------------------------------------->  |
//!    |  <------------ stdout, stderr                              |   (as output comes)
//!    |  <------------ exit     {"code": 0}                        |   (or error, with a text)
//! ```
//!
//! [`handshake`] proves to each side that the other knows the token, and gives a fresh key for each
//! direction. [`Sealer`] and [`Opener`] make and check the codes of all later frames. [`ServerState`]
//! and [`ClientState`] say which frame may come when. It gives authenticity, not secrecy.

mod frame;
pub mod handshake;
mod seal;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use frame::{BODY_LIMIT, Frame, FrameReader, PLAIN_HEADER_LIMIT, SessionError, write_plain};
pub use seal::{HEADROOM, Opener, Sealer};
pub use state::{ClientState, ServerState, Unexpected};
pub use status::{ExitStatus, StatusError};

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Server: who it is, and its nonce.
    Hello,
    /// Client: its nonce, and the proof that it knows the token.
    Auth,
    /// Server: the same proof.
    Welcome,
    /// Client: a command for the shell.
    Command,
    /// Client: bytes for the command's standard input.
    Stdin,
    /// Client: there are no more.
    StdinEof,
    /// Server: bytes of the command's standard output.
    Stdout,
    /// Server: bytes of its standard error.
    Stderr,
    /// Server: how the command ended.
    Exit,
    /// Server: why it did not run, or why there is no status.
    Error,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::Auth,
        Self::Welcome,
        Self::Command,
        Self::Stdin,
        Self::StdinEof,
        Self::Stdout,
        Self::Stderr,
        Self::Exit,
        Self::Error,
    ];

    /// As it stands in `filename`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Auth => "auth",
            Self::Welcome => "welcome",
            Self::Command => "command",
            Self::Stdin => "stdin",
            Self::StdinEof => "stdin-eof",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Exit => "exit",
            Self::Error => "error",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
