//! The result of one message, and its error text.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use proto::cli::{Failure, show_duration};
use proto::escape::many;
use proto::net::MAX_DATAGRAM;
use proto::reason;

use crate::times::millis;

/// A received answer.
#[derive(Debug)]
pub struct Answer {
    /// Its length in bytes: less than the message's if the server cut it.
    pub size: usize,
    /// The bytes that are shown: fewer if `--recv-size` cut it.
    pub reply: Vec<u8>,
    /// Whether either side cut it.
    pub cut: bool,
    /// How many times the message was sent.
    pub tries: u32,
    /// The round-trip time. Unknown if the message was sent more than once, because the answer does
    /// not tell which try it is for (Karn's algorithm, RFC 6298).
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
    /// The message does not fit into a datagram, so it was not sent.
    TooLong,
    /// Its time is up.
    NoAnswer {
        /// How many times it was sent.
        tries: u32,
        /// How many datagrams arrived that are not its answer.
        strays: u32,
    },
    /// This machine could not send it: no route, no free port or no permission.
    NotSent(io::Error),
    /// The kernel reports that the server cannot be reached.
    Unreachable {
        /// How many times the message was sent.
        tries: u32,
        /// The system's error.
        source: io::Error,
    },
}

impl Loss {
    /// The loss for an error of `send` after `tries` tries. A call can also return the ICMP error
    /// of an earlier try.
    pub fn of_send(tries: u32, source: io::Error) -> Self {
        match (tries, source.kind()) {
            (0, kind) if kind != ErrorKind::ConnectionRefused => Self::NotSent(source),
            _ => Self::Unreachable { tries, source },
        }
    }
}

/// The result of one message.
pub struct Done {
    /// The server's address.
    pub server: SocketAddr,
    /// The length of the message in bytes.
    pub length: usize,
    /// Its answer or loss.
    pub result: Result<Answer, Loss>,
}

impl Done {
    /// The error for a message without a complete answer within `timeout`; `None` for a complete
    /// one.
    pub fn complaint(&self, timeout: Duration) -> Option<Failure> {
        let (server, length) = (self.server, self.length);
        let text = match &self.result {
            Ok(Answer { cut: false, .. }) => return None,
            Ok(Answer { size, reply, .. }) if reply.len() < *size => {
                let kept = reply.len();
                format!(
                    "the answer of {server} lost {} of {size} bytes (--recv-size {kept} cut it); raise \
                 it to see them",
                    size - kept
                )
            }
            Ok(Answer { size, .. }) => format!(
                "the answer of {server} has {size} of {length} bytes (the server cut the message); \
             does it receive that much at a time?"
            ),
            Err(Loss::TooLong) => format!(
                "a datagram holds at most {MAX_DATAGRAM} bytes (yours {length}); send it in parts"
            ),
            Err(Loss::NotSent(source)) => {
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
            Err(Loss::NoAnswer { tries, strays }) => {
                let (why, hint) = match strays {
                    0 => (
                        "UDP may lose datagrams".to_owned(),
                        "is the server running?",
                    ),
                    _ => (
                        many(*strays, "datagram came", "datagrams came")
                            + ", but not its upper case",
                        "is this an upper-case server?",
                    ),
                };
                let within = show_duration(timeout);
                let tries = many(*tries, "try", "tries");
                format!("{server}: no answer within {within}, {tries} ({why}); {hint}")
            }
        };
        Some(Failure::new(text))
    }
}
