//! A relay for datagrams between a client and its server that loses, doubles, holds back and swaps
//! them, and keeps books.
//!
//! A seed decides what happens to the first datagram, to the second, and so on; no clock does. What
//! is held back stays until the next request has come. One thread forwards a request, waits for the
//! server's answer, and only then takes the next request, so it knows the order of everything.

use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::net::{self, ANY_PORT, again, ask_udp};
use crate::random::Random;

/// A request of these words is passed, and so is its answer: a client's last one, so that nothing
/// is under way any more when that has its answer.
pub const GOODBYE: &[u8] = b"goodbye";

/// What happens to a datagram, on either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
    Double,
    /// It waits until the next request has come: a request then reaches the server after the newer
    /// one, and an answer reaches the client late.
    Hold,
}

/// A relay. It is at [`Relay::addr`] until [`Relay::close`].
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

    /// Where a client finds it.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it, once it has dealt with all that came before, and hands over its books.
    #[track_caller]
    pub fn close(self) -> Books {
        if let Err(why) = self.closer.send_to(b"", self.addr) {
            panic!("the relay cannot be told to end: {why}");
        }
        match self.running.join() {
            Ok(Ok(books)) => books,
            Ok(Err(why)) => panic!("the relay could not go on: {why}"),
            Err(_) => panic!("the relay has panicked"),
        }
    }
}

/// What has happened, as the relay saw it. It tells messages by the ports that they come from: the
/// client must send each from a new one, and from the same when it tries again.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// The sender of each request that came.
    pub requests: Vec<SocketAddr>,
    /// Each answer that went to the client.
    pub delivered: Vec<Delivery>,
    /// How many requests the server was given.
    pub forwarded: usize,
    /// How many requests and answers were lost.
    pub dropped: usize,
    /// How many requests and answers were doubled.
    pub doubled: usize,
    /// How many requests reached the server after one that had come later.
    pub swapped: usize,
}

/// One answer that went to the client.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Whose answer it is.
    pub to: SocketAddr,
    /// The newest request at that time. A client that waits for one answer at a time has by then
    /// given up every other.
    pub newest: SocketAddr,
    /// How long after that request.
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

    /// The answers that came in their message's turn, the first for each.
    pub fn answers(&self) -> Vec<Delivery> {
        let mut seen = BTreeSet::new();
        let in_turn = self.delivered.iter().filter(|d| d.to == d.newest);
        in_turn.filter(|d| seen.insert(d.to)).copied().collect()
    }

    /// How many messages got their first answer when their turn was over.
    pub fn late(&self) -> usize {
        let all: BTreeSet<_> = self.delivered.iter().map(|d| d.to).collect();
        all.len() - self.answers().len()
    }

    /// How many answers went to messages that had got one.
    pub fn duplicates(&self) -> usize {
        self.delivered.len() - self.answers().len() - self.late()
    }
}

/// What the relay's thread works with.
struct Run {
    socket: UdpSocket,
    server: UdpSocket,
    random: Random,
    held: Vec<Held>,
    /// When the newest request came.
    came: Instant,
    books: Books,
}

/// What waits for the next request.
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
        // The older answers first: the newer lets the client go on.
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

    /// Gives a request to the server, and waits for its answer.
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
                self.books.doubled += 1;
                Fate::Double
            }
            6..8 => Fate::Hold,
            _ => Fate::Pass,
        }
    }
}
