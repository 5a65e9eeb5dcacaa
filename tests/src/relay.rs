//! A relay for datagrams between a client and its server. It drops, duplicates, delays and reorders
//! them, and records what it did.
//!
//! A seed, not a clock, decides what happens to each datagram. A delayed datagram waits for the
//! next request. One thread forwards a request, waits for the server's answer, and only then takes
//! the next request, so it knows the order of all events.

use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::deadline::{SOON, poll};
use crate::net::{self, ANY_PORT, again, ask_udp};
use crate::random::Random;

/// The relay always passes this request and its answer. It is a client's last one, so nothing is in
/// flight any more after its answer.
pub const GOODBYE: &[u8] = b"goodbye";

/// What happens to a datagram in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
    Double,
    /// It waits for the next request. A held request then reaches the server after the newer one,
    /// and a held answer reaches the client late.
    Hold,
}

/// A relay, which runs until [`Relay::close`].
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    closer: UdpSocket,
    running: JoinHandle<io::Result<Books>>,
}

impl Relay {
    /// Starts a relay to `server`, with the fates that `seed` decides.
    #[track_caller]
    pub fn start(server: SocketAddr, seed: u64) -> Self {
        let start = || {
            let socket = UdpSocket::bind(ANY_PORT)?;
            let closer = UdpSocket::bind(ANY_PORT)?;
            let closer_addr = closer.local_addr()?;
            let addr = socket.local_addr()?;
            let run = Run {
                socket,
                server: net::udp(server),
                random: Random::new(seed),
                held: Vec::new(),
                came: Instant::now(),
                books: Books::default(),
            };
            let running = thread::spawn(move || run.until_closed(closer_addr));
            Ok::<_, io::Error>(Self {
                addr,
                closer,
                running,
            })
        };
        start().unwrap_or_else(|why| panic!("cannot start a relay: {why}"))
    }

    /// The address for clients.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it after all earlier requests, and returns its records.
    #[track_caller]
    pub fn close(self) -> Books {
        let has_ended = || {
            // Repeated, because a datagram may be lost. It fails once the relay has gone.
            let _ = self.closer.send_to(b"", self.addr);
            self.running.is_finished().then_some(())
        };
        if poll(SOON, has_ended).is_none() {
            panic!("the relay does not end");
        }
        match self.running.join() {
            Ok(Ok(books)) => books,
            Ok(Err(why)) => panic!("the relay could not go on: {why}"),
            Err(_) => panic!("the relay has panicked"),
        }
    }
}

/// What the relay did. It identifies a message by its source port: the client must send each
/// message from a new port, and each retry from the same port.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The sender of each received request.
    pub requests: Vec<SocketAddr>,
    /// Each answer that was sent to the client.
    pub delivered: Vec<Delivery>,
    /// How many requests were sent to the server.
    pub forwarded: usize,
    /// How many requests and answers were dropped.
    pub dropped: usize,
    /// How many requests and answers were duplicated.
    pub duplicated: usize,
    /// How many requests were sent to the server after a newer one.
    pub swapped: usize,
}

/// One answer that was sent to the client.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// The sender of the request that it answers.
    pub to: SocketAddr,
    /// The newest request at that time. A client that waits for one answer at a time has given up
    /// all older ones.
    pub newest: SocketAddr,
    /// The time since that request.
    pub after: Duration,
}

impl Books {
    /// The senders of all requests, in order: the client's messages.
    pub fn messages(&self) -> Vec<SocketAddr> {
        let mut seen = BTreeSet::new();
        let requests = self.requests.iter().copied();
        requests.filter(|sender| seen.insert(*sender)).collect()
    }

    /// How many times a message was sent.
    pub fn tries(&self, message: SocketAddr) -> usize {
        let same = |sender: &&SocketAddr| **sender == message;
        self.requests.iter().filter(same).count()
    }

    /// The first answer of each message, if it came before the next message.
    pub fn answers(&self) -> Vec<Delivery> {
        let mut seen = BTreeSet::new();
        let in_turn = self.delivered.iter().filter(|d| d.to == d.newest);
        in_turn.filter(|d| seen.insert(d.to)).copied().collect()
    }

    /// How many messages got their first answer after a newer message was sent.
    pub fn late(&self) -> usize {
        let all: BTreeSet<_> = self.delivered.iter().map(|d| d.to).collect();
        all.len() - self.answers().len()
    }

    /// How many answers were sent for messages that already had one.
    pub fn duplicates(&self) -> usize {
        self.delivered.len() - self.answers().len() - self.late()
    }
}

/// The state of the relay's thread.
struct Run {
    socket: UdpSocket,
    server: UdpSocket,
    random: Random,
    held: Vec<Held>,
    /// When the newest request arrived.
    came: Instant,
    books: Books,
}

/// A datagram that waits for the next request.
enum Held {
    Request(SocketAddr, Vec<u8>),
    Answer(SocketAddr, Vec<u8>),
}

impl Run {
    fn until_closed(mut self, closer: SocketAddr) -> io::Result<Books> {
        let mut data = vec![0; 65_536];
        loop {
            let (length, sender) = again(|| self.socket.recv_from(&mut data))?;
            if sender == closer {
                return Ok(self.books);
            }
            self.came = Instant::now();
            self.books.requests.push(sender);
            self.relay(sender, &data[..length])?;
        }
    }

    fn relay(&mut self, sender: SocketAddr, request: &[u8]) -> io::Result<()> {
        let held = mem::take(&mut self.held);
        let newer = match self.fate(request) {
            Fate::Drop => vec![],
            Fate::Pass => vec![self.forward(request)],
            Fate::Double => vec![self.forward(request), self.forward(request)],
            Fate::Hold => {
                self.held.push(Held::Request(sender, request.to_vec()));
                vec![]
            }
        };
        // Delivers older answers first, because the newer one lets the client go on.
        for older in held {
            match older {
                Held::Answer(to, answer) => self.deliver(to, &answer)?,
                Held::Request(to, request) => {
                    self.books.swapped += usize::from(!newer.is_empty());
                    let answer = self.forward(&request);
                    self.answer(to, answer)?;
                }
            }
        }
        newer
            .into_iter()
            .try_for_each(|answer| self.answer(sender, answer))
    }

    /// Sends a request to the server, and waits for its answer.
    fn forward(&mut self, request: &[u8]) -> Vec<u8> {
        self.books.forwarded += 1;
        ask_udp(&self.server, request)
    }

    fn answer(&mut self, to: SocketAddr, answer: Vec<u8>) -> io::Result<()> {
        match self.fate(&answer) {
            Fate::Drop => Ok(()),
            Fate::Pass => self.deliver(to, &answer),
            Fate::Double => {
                self.deliver(to, &answer)?;
                self.deliver(to, &answer)
            }
            Fate::Hold => {
                self.held.push(Held::Answer(to, answer));
                Ok(())
            }
        }
    }

    fn deliver(&mut self, to: SocketAddr, answer: &[u8]) -> io::Result<()> {
        self.books.delivered.push(Delivery {
            to,
            newest: *self.books.requests.last().unwrap_or(&to),
            after: self.came.elapsed(),
        });
        self.socket.send_to(answer, to).map(drop)
    }

    fn fate(&mut self, words: &[u8]) -> Fate {
        if words.eq_ignore_ascii_case(GOODBYE) {
            return Fate::Pass;
        }
        match self.random.below(20) {
            0..3 => {
                self.books.dropped += 1;
                Fate::Drop
            }
            3..6 => {
                self.books.duplicated += 1;
                Fate::Double
            }
            6..8 => Fate::Hold,
            _ => Fate::Pass,
        }
    }
}
