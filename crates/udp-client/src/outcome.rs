//! What became of one message, and the words for it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use proto::cli::{Failure, show_duration};
use proto::escape::many;
use proto::net::MAX_DATAGRAM;
use proto::reason;

use crate::times::millis;

/// An answer that came.
#[derive(Debug)]
pub struct Answer {
    /// How many bytes came: fewer than the message has, where the server cut it.
    pub size: usize,
    /// How many of them are shown: fewer, where `--recv-size` cut them.
    pub kept: usize,
    /// Whether something is missing, by either side.
    pub cut: bool,
    /// How many times the message was sent.
    pub tries: u32,
    /// How long it took. Unknown if the message was sent more than once: the answer does not say
    /// which copy it is for (Karn's algorithm, RFC 6298, leaves these out for the same reason).
    pub round_trip: Option<Duration>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = many(self.size, "byte", "bytes");
        match self.round_trip {
            Some(time) => write!(f, "{bytes}, {:.3} ms", millis(time)),
            None => write!(f, "{bytes}, {} tries", self.tries),
        }
    }
}

/// Why a message has no answer.
#[derive(Debug)]
pub enum Loss {
    /// No datagram can carry it; it was not sent.
    TooLong,
    /// Its time is up.
    NoAnswer {
        /// How many times it was sent.
        tries: u32,
        /// How many datagrams came that are no answer to it.
        strays: u32,
        /// The time that it had.
        within: Duration,
    },
    /// This machine did not send it: it has no route, no free port, or may not.
    NotSent {
        /// What the system said.
        source: io::Error,
    },
    /// The system says that the server cannot be reached.
    Unreachable {
        /// How many times the message was sent.
        tries: u32,
        /// What the system said.
        source: io::Error,
    },
}

impl Loss {
    /// A failure to send, after this many copies were sent. What the network told about an earlier
    /// copy is told to a later call, too.
    pub fn of_send(tries: u32, source: io::Error) -> Self {
        match (tries, source.kind()) {
            (0, kind) if kind != ErrorKind::ConnectionRefused => Self::NotSent { source },
            _ => Self::Unreachable { tries, source },
        }
    }
}

/// What to say about a message of so many bytes that was not answered in whole.
pub fn complaint(
    server: SocketAddr,
    length: usize,
    outcome: &Result<Answer, Loss>,
) -> Option<Failure> {
    let text = match outcome {
        Ok(Answer { cut: false, .. }) => return None,
        Ok(Answer { size, kept, .. }) if kept < size => format!(
            "the answer of {server} lost {} of {size} bytes (--recv-size {kept} cut it); raise it \
             to see them",
            size - kept
        ),
        Ok(Answer { size, .. }) => format!(
            "the answer of {server} has {size} of {length} bytes (the server cut the message); \
             does it receive so much at a time?"
        ),
        Err(Loss::TooLong) => format!(
            "a datagram holds at most {MAX_DATAGRAM} bytes (yours {length}); send it in parts"
        ),
        Err(Loss::NotSent { source }) => {
            let hint = match source.kind() {
                ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => {
                    "are this machine's free ports used up?"
                }
                _ => "the fault is on this machine",
            };
            format!("not sent to {server} ({}); {hint}", reason(source))
        }
        Err(Loss::Unreachable { source, .. }) => {
            let hint = match source.kind() {
                ErrorKind::ConnectionRefused => "is the server running?",
                _ => "is that the right address?",
            };
            format!("cannot reach {server} ({}); {hint}", reason(source))
        }
        Err(Loss::NoAnswer {
            tries,
            strays,
            within,
        }) => {
            let (why, hint) = match strays {
                0 => (
                    "UDP may lose datagrams".to_owned(),
                    "is the server running?",
                ),
                _ => (
                    many(*strays, "datagram came", "datagrams came") + ", but not its upper case",
                    "is this an upper-case server?",
                ),
            };
            let within = show_duration(*within);
            let tries = many(*tries, "try", "tries");
            format!("{server}: no answer within {within}, {tries} ({why}); {hint}")
        }
    };
    Some(Failure::new(text))
}
