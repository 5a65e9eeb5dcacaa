//! Sends one message, and retries until its answer arrives or its time is up.
//!
//! Every message is sent from a socket and a port of its own, which identifies its answers: a late
//! or duplicate answer goes to the port of its message and is never taken for the answer to a later
//! one, not even to one with the same bytes.
//!
//! Three things are unknown. The first is which try an answer is for: a second answer may be a
//! duplicate of the first, or the answer to our second try. The second is what arrives at a port
//! that was closed meanwhile. (If the kernel has reused the port, an answer with the same bytes
//! would pass.) The third is what arrives after the end.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use proto::is_timeout;
use proto::net::{Call, MAX_DATAGRAM, TraceEvent, connect_udp};

use crate::options::Options;
use crate::outcome::{Answer, Loss};

/// The size of the receive buffer: more than the longest datagram.
const ROOM: usize = 65_536;
/// The shortest read timeout, because std refuses zero.
const MIN_WAIT: Duration = Duration::from_micros(1);

/// Sends messages to one server.
pub struct Exchange {
    /// The address in use, and the others of the server's name.
    addresses: VecDeque<SocketAddr>,
    options: &'static Options,
    buffer: Vec<u8>,
    earlier: VecDeque<Earlier>,
    /// How many ports may be open, with that of the current message.
    max_ports: usize,
    stragglers: Stragglers,
}

/// A message whose time is over. Its socket still collects late answers.
struct Earlier {
    socket: UdpSocket,
    message: Vec<u8>,
    answered: bool,
}

/// Answers that arrived after the time of their message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stragglers {
    /// First answers to messages that were given up.
    pub late: u32,
    /// Further answers to messages that already had one.
    pub duplicates: u32,
}

impl Exchange {
    /// Prepares to send to the first of these addresses that answers, with at most `max_ports` open
    /// ports.
    pub fn new(addresses: Vec<SocketAddr>, max_ports: usize, options: &'static Options) -> Self {
        Self {
            addresses: addresses.into(),
            options,
            buffer: vec![0; ROOM],
            earlier: VecDeque::new(),
            max_ports,
            stragglers: Stragglers::default(),
        }
    }

    /// The address in use.
    pub fn server(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Sends the message, calls `sent`, and waits for its answer. A name may have several
    /// addresses, as `localhost` has in IPv6 and IPv4; if one refuses, the next is tried.
    pub fn ask(&mut self, message: &[u8], mut sent: impl FnMut()) -> Result<Answer, Loss> {
        if message.len() > MAX_DATAGRAM {
            return Err(Loss::TooLong);
        }
        while self.earlier.len() >= self.max_ports
            && let Some(oldest) = self.earlier.pop_front()
        {
            self.close(oldest);
        }
        loop {
            let result = self.ask_address(message, &mut sent);
            match result {
                Err(Loss::Unreachable { .. } | Loss::NotSent(_)) if self.addresses.len() > 1 => {
                    self.addresses.pop_front();
                    continue;
                }
                Ok(_) => self.addresses.truncate(1),
                Err(_) => {}
            }
            return result;
        }
    }

    fn ask_address(&mut self, message: &[u8], sent: &mut dyn FnMut()) -> Result<Answer, Loss> {
        let socket = connect_udp(self.server()).map_err(|source| Loss::of_send(0, source))?;
        let result = self.ask_through(&socket, message, sent);
        self.earlier.push_back(Earlier {
            socket,
            message: message.to_vec(),
            answered: result.is_ok(),
        });
        result
    }

    fn ask_through(
        &mut self,
        socket: &UdpSocket,
        message: &[u8],
        sent: &mut dyn FnMut(),
    ) -> Result<Answer, Loss> {
        let started = Instant::now();
        let (mut tries, mut strays) = (0, 0);
        let all = self.options.retries + 1;
        for wait in 1..=all {
            match self.send(socket, message) {
                Ok(()) => tries += 1,
                // A copy is on its way, and its answer may still come.
                Err(error) if tries > 0 && error.kind() != ErrorKind::ConnectionRefused => {}
                Err(source) => return Err(Loss::of_send(tries, source)),
            }
            sent();
            let until = started + wait_end(self.options.timeout, wait, all);
            let mut time_is_up = false;
            while !time_is_up {
                let left = until.saturating_duration_since(Instant::now());
                // Reads once more even then: on a busy machine an answer may have arrived in time.
                time_is_up = left.is_zero();
                let received = self.receive(socket, left.max(MIN_WAIT));
                let Some(size) = received.map_err(|source| Loss::Unreachable { tries, source })?
                else {
                    continue;
                };
                if !is_answer(&self.buffer[..size], message) {
                    strays += 1;
                    continue;
                }
                let reply = self.buffer[..size.min(self.options.recv_size)].to_vec();
                return Ok(Answer {
                    size,
                    cut: reply.len() < message.len(),
                    reply,
                    tries,
                    round_trip: (tries == 1).then(|| started.elapsed()),
                });
            }
        }
        Err(Loss::NoAnswer { tries, strays })
    }

    fn send(&self, socket: &UdpSocket, message: &[u8]) -> io::Result<()> {
        let sent = socket.send(message);
        self.trace(Call::SendTo, message.len(), message, sent.as_ref());
        sent.map(drop)
    }

    /// The size of the next datagram, or `None` if none arrived within `time`.
    fn receive(&mut self, socket: &UdpSocket, time: Duration) -> io::Result<Option<usize>> {
        socket.set_read_timeout(Some(time))?;
        let received = socket.recv(&mut self.buffer);
        // The trace shows the call as if the buffer had `--recv-size` bytes.
        let asked = self.options.recv_size;
        let shown = received.as_ref().map(|size| size.min(&asked));
        self.trace(Call::RecvFrom, asked, &self.buffer, shown);
        match received {
            Ok(size) => Ok(Some(size)),
            Err(error) if is_timeout(&error) || error.kind() == ErrorKind::Interrupted => Ok(None),
            // Windows reports a closed port as a reset.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                Err(ErrorKind::ConnectionRefused.into())
            }
            Err(error) => Err(error),
        }
    }

    fn trace(&self, call: Call, asked: usize, data: &[u8], result: Result<&usize, &io::Error>) {
        let event = TraceEvent {
            call,
            asked,
            result: result.copied(),
            bytes: data,
        };
        self.options.log.trace(&self.server(), &event);
    }

    /// Closes all ports without waiting, and returns the late answers.
    pub fn finish(mut self) -> Stragglers {
        while let Some(oldest) = self.earlier.pop_front() {
            self.close(oldest);
        }
        self.stragglers
    }

    /// Closes a port without waiting, and counts the answers that have arrived there.
    fn close(&mut self, mut earlier: Earlier) {
        if earlier.socket.set_nonblocking(true).is_err() {
            return;
        }
        // An error ends the loop, too: a late ICMP error has no new information.
        while let Ok(size) = earlier.socket.recv(&mut self.buffer) {
            let asked = self.options.recv_size;
            self.trace(Call::RecvFrom, asked, &self.buffer, Ok(&size.min(asked)));
            if !is_answer(&self.buffer[..size], &earlier.message) {
                continue;
            }
            if earlier.answered {
                self.stragglers.duplicates += 1;
            } else {
                self.stragglers.late += 1;
                earlier.answered = true;
            }
        }
    }
}

/// Whether these bytes are the upper case of the message, or of its beginning if the server cut it.
fn is_answer(reply: &[u8], message: &[u8]) -> bool {
    let something = !reply.is_empty() || message.is_empty();
    let upper = |(reply, message): (&u8, &u8)| *reply == message.to_ascii_uppercase();
    something && reply.len() <= message.len() && reply.iter().zip(message).all(upper)
}

/// When the wait after try number `tries` ends, as a time since the first try. Each wait is twice
/// as long as the previous one, to spare a busy server, and together they take the whole timeout.
fn wait_end(timeout: Duration, tries: u32, all: u32) -> Duration {
    let waits = |tries: u32| f64::from((1_u32 << tries) - 1);
    timeout.mul_f64(waits(tries) / waits(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_fill_the_whole_time() {
        let total = Duration::from_secs(7);
        let ends = [1, 2, 3].map(|tries| wait_end(total, tries, 3));
        assert_eq!(ends, [1, 3, 7].map(Duration::from_secs));
        assert_eq!(wait_end(total, 1, 1), total);
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        assert_eq!(wait_end(year, 11, 11), year);
    }

    /// `localhost` has two addresses on many machines, but not on all.
    #[test]
    fn the_next_address_is_tried_if_one_refuses() {
        let [server, gone] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let [there, closed] = [&server, &gone].map(|socket| socket.local_addr().unwrap());
        drop(gone);
        // The kernel refuses to send to a broadcast address without SO_BROADCAST, which std does
        // not set.
        let forbidden: SocketAddr = "255.255.255.255:9".parse().unwrap();
        std::thread::spawn(move || {
            while let Ok((_, peer)) = server.recv_from(&mut [0]) {
                server.send_to(b"A", peer).unwrap();
            }
        });
        let options = Options {
            recv_size: 1,
            timeout: Duration::from_secs(10),
            ..Options::default()
        };
        let options = Box::leak(Box::new(options));
        let mut exchange = Exchange::new(vec![closed, forbidden, there], 2, options);
        for _ in 0..2 {
            assert_eq!(exchange.ask(b"a", || ()).unwrap().tries, 1);
            assert_eq!(exchange.server(), there);
        }
    }

    #[test]
    fn an_answer_is_the_upper_case_or_its_beginning() {
        for (reply, message, is_one) in [
            (&b"ABC"[..], &b"aBc"[..], true),
            (b"AB", b"aBc", true),
            (b"", b"", true),
            (b"", b"abc", false),
            (b"ABCD", b"abc", false),
            (b"abc", b"abc", false),
            (b"\xc3\xa9", b"\xc3\xa9", true),
        ] {
            assert_eq!(is_answer(reply, message), is_one, "{reply:?}, {message:?}");
        }
    }
}
