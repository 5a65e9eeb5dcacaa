//! One message, sent again until its answer comes or its time is up.
//!
//! Every message goes out through a socket of its own, so from a port of its own. That settles whose
//! answer a datagram is: one that comes late, or twice, goes to a port that is closed by then, and
//! is never taken for the answer to a later message, not even to one with the same words. Within
//! its time every copy of a message is as good as the other, so any answer to any of them will do.
//!
//! The answer must be the upper case of the message. Anything else is counted and waited out.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use proto::cli::{Failure, Log, show_duration};
use proto::net::{Call, MAX_DATAGRAM, TraceEvent, connect_udp};
use proto::reason;

use crate::options::Options;

/// Room for more than any datagram has.
const ROOM: usize = 65_536;

/// What sends messages to one server.
pub struct Exchange {
    server: SocketAddr,
    /// The other addresses of its name, the next one last.
    others: Vec<SocketAddr>,
    timeout: Duration,
    tries: u32,
    log: Log,
    buffer: Vec<u8>,
}

/// An answer that came; [`Exchange::reply`] has its bytes.
#[derive(Debug)]
pub struct Answer {
    /// How many bytes it has: fewer than the message where the server cut it.
    pub size: usize,
    /// Whether the server cut the message.
    pub cut: bool,
    /// How many times the message was sent.
    pub tries: u32,
    /// How long it took. Unknown if the message was sent more than once: the answer does not say
    /// which copy it is for (Karn's algorithm, RFC 6298, leaves these out for the same reason).
    pub round_trip: Option<Duration>,
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
    },
    /// The system says that the server cannot be reached.
    Unreachable {
        /// How many times the message was sent.
        tries: u32,
        /// What the system said.
        source: io::Error,
    },
}

impl Exchange {
    /// Looks the server's name up; nothing is sent.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let mut others = options.endpoint.resolve()?;
        let server = others.remove(0);
        others.reverse();
        Ok(Self {
            server,
            others,
            timeout: options.timeout,
            tries: options.retries + 1,
            log: options.log,
            buffer: vec![0; ROOM],
        })
    }

    /// Sends the message and waits for its answer. A name may have several addresses, such as
    /// `localhost` in IPv6 and in IPv4; one that refuses makes room for the next.
    pub fn ask(&mut self, message: &[u8]) -> Result<Answer, Loss> {
        loop {
            let result = self.ask_address(message);
            if let Err(Loss::Unreachable { .. }) = result
                && let Some(next) = self.others.pop()
            {
                self.server = next;
                continue;
            }
            if result.is_ok() {
                self.others.clear();
            }
            return result;
        }
    }

    fn ask_address(&mut self, message: &[u8]) -> Result<Answer, Loss> {
        if message.len() > MAX_DATAGRAM {
            return Err(Loss::TooLong);
        }
        let expected = message.to_ascii_uppercase();
        let unreachable = |tries| move |source| Loss::Unreachable { tries, source };
        let socket = connect_udp(self.server).map_err(unreachable(0))?;
        let started = Instant::now();
        let mut strays = 0;
        for tries in 1..=self.tries {
            self.send(&socket, message)
                .map_err(unreachable(tries - 1))?;
            let until = started + patience(self.timeout, tries, self.tries);
            while let Some(size) = self.receive(&socket, until).map_err(unreachable(tries))? {
                let reply = &self.buffer[..size];
                let cut = size < expected.len();
                if reply == expected || (size > 0 && cut && expected.starts_with(reply)) {
                    let round_trip = (tries == 1).then(|| started.elapsed());
                    return Ok(Answer {
                        size,
                        cut,
                        tries,
                        round_trip,
                    });
                }
                strays += 1;
            }
        }
        Err(Loss::NoAnswer {
            tries: self.tries,
            strays,
        })
    }

    fn send(&self, socket: &UdpSocket, message: &[u8]) -> io::Result<()> {
        let sent = socket.send(message);
        self.trace(Call::SendTo, message.len(), message, sent.as_ref());
        sent.map(drop)
    }

    /// The size of the next datagram, or nothing once it is too late.
    fn receive(&mut self, socket: &UdpSocket, until: Instant) -> io::Result<Option<usize>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            socket.set_read_timeout(Some(left))?;
            let received = socket.recv(&mut self.buffer);
            self.trace(Call::RecvFrom, ROOM, &self.buffer, received.as_ref());
            match received {
                Ok(size) => return Ok(Some(size)),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    fn trace(&self, call: Call, asked: usize, data: &[u8], result: Result<&usize, &io::Error>) {
        let result = result.map(|&size| &data[..size]);
        let event = TraceEvent {
            call,
            asked,
            result,
        };
        self.log.trace(&self.server, &event);
    }

    /// The bytes of the answer that was just given.
    pub fn reply(&self, answer: &Answer) -> &[u8] {
        &self.buffer[..answer.size]
    }

    /// What to say about a message that was not answered in whole.
    pub fn complaint(&self, message: &[u8], result: &Result<Answer, Loss>) -> Option<Failure> {
        let (server, length) = (self.server, message.len());
        Some(Failure::new(match result {
            Ok(Answer { cut: false, .. }) => return None,
            Ok(Answer { size, .. }) => format!(
                "the answer of {server} has {size} of {length} bytes (the server cut the message); \
                 does it receive so much at a time?"
            ),
            Err(Loss::TooLong) => format!(
                "a datagram holds at most {MAX_DATAGRAM} bytes (yours {length}); send it in parts"
            ),
            Err(Loss::Unreachable { source, .. }) => {
                let why = reason(source);
                format!("cannot reach {server} ({why}); is the server running?")
            }
            Err(Loss::NoAnswer { tries, strays }) => {
                let within = show_duration(self.timeout);
                let tries = many(*tries, "try", "tries");
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
                format!("{server}: no answer within {within}, {tries} ({why}); {hint}")
            }
        }))
    }
}

/// How long after the first try the wait for the answer to this one is over. Each wait is twice as
/// long as the one before, so that a server which has too much to do is not given more; all of them
/// together take the whole time.
fn patience(timeout: Duration, tries: u32, all: u32) -> Duration {
    let waits = |tries: u32| f64::from((1_u32 << tries) - 1);
    timeout.mul_f64(waits(tries) / waits(all))
}

fn many(count: u32, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_fill_the_whole_time() {
        let total = Duration::from_secs(7);
        let ends = [1, 2, 3].map(|tries| patience(total, tries, 3));
        assert_eq!(ends, [1, 3, 7].map(Duration::from_secs));
        assert_eq!(patience(total, 1, 1), total);
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        assert_eq!(patience(year, 11, 11), year);
    }
}
