//! The session protocol: authenticated on both sides, streaming, with an exit status.
//!
//! Every message, in both directions, is a header frame with exactly the lesson's three fields:
//! `filename` is the frame's type ([`FrameType`]), `total_size` its body's length, and `hash` its
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
//! [`handshake`] proves to each side that the other knows the token, and makes a new key for each
//! direction. [`Sealer`] and [`Opener`] make and check the codes of all later frames.
//! [`ServerState`] and [`ClientState`] tell which frames are allowed when, and [`KeepAlive`]
//! detects a peer that has vanished. The protocol gives authenticity, not secrecy.

mod error;
mod frame;
pub mod handshake;
mod keep_alive;
mod seal;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use error::SessionError;
pub use frame::{BODY_LIMIT, Frame, FrameReader, PLAIN_HEADER_LIMIT, write_plain};
pub use keep_alive::{INTERVALS, KeepAlive, Silence};
pub use seal::{Opener, Sealer};
pub use state::{ClientState, ServerState};
pub use status::ExitStatus;

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// Server: the protocol's version, and its nonce.
    Hello,
    /// Client: its nonce, and the proof that it knows the token.
    Auth,
    /// Server: the same proof.
    Welcome,
    /// Client: a command for the shell.
    Command,
    /// Client: bytes for the command's standard input.
    Stdin,
    /// Client: the end of the command's standard input.
    StdinEof,
    /// Server: bytes of the command's standard output.
    Stdout,
    /// Server: bytes of its standard error.
    Stderr,
    /// Server: a message for the client's user about the running command.
    Note,
    /// Server: how the command ended.
    Exit,
    /// Server: why the command did not run, or why there is no status.
    Error,
    /// Either: asks for a `pong`.
    Ping,
    /// Either: the answer to a `ping`.
    Pong,
}

impl FrameType {
    /// All types.
    pub const ALL: [Self; 13] = [
        Self::Hello,
        Self::Auth,
        Self::Welcome,
        Self::Command,
        Self::Stdin,
        Self::StdinEof,
        Self::Stdout,
        Self::Stderr,
        Self::Note,
        Self::Exit,
        Self::Error,
        Self::Ping,
        Self::Pong,
    ];

    /// The value of `filename`.
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
            Self::Note => "note",
            Self::Exit => "exit",
            Self::Error => "error",
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
