//! Conversations in datagrams: each client's address is one, with a socket of its own to the server.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::{Log, RateLimit, and_others};
use proto::net::connect_udp;
use proto::reason;
use proto::socketserver::{Datagram, STACK_SIZE, descriptor_limit};
use proto::sync::lock;

use crate::bend::Bend;
use crate::event::{Kind, Side};
use crate::postman::Postman;
use crate::talk::Talk;
use crate::tap::Tap;

/// How many clients there may be at once, and the share of the descriptors that they may take.
const CLIENTS: usize = 1000;
const SHARE: usize = 2;

/// How often it is said that there are too many.
const ONCE_A_MINUTE: Duration = Duration::from_secs(60);

/// A client that says nothing for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// How often a conversation looks whether it is over.
const LOOK: Duration = Duration::from_secs(1);

/// How long a datagram waits for the one that is to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(200);

/// Where a datagram's bytes begin, and its bytes.
type Held = (u64, Vec<u8>);

/// Hands datagrams on between clients and the server.
#[derive(Debug)]
pub struct Exchange {
    tap: Arc<Tap>,
    /// Where clients are answered from.
    listening: UdpSocket,
    target: SocketAddr,
    postman: Postman,
    clients: Mutex<HashMap<SocketAddr, Arc<Client>>>,
    max_clients: usize,
    log: Log,
    refused: RateLimit,
    /// How many datagrams each side has sent, over all conversations.
    counts: [AtomicU64; 2],
}

/// One client's datagrams, and the server's answers to them.
#[derive(Debug)]
struct Client {
    exchange: Arc<Exchange>,
    talk: Talk,
    address: SocketAddr,
    /// Whence the server is asked.
    upstream: UdpSocket,
    /// The datagram of each side that the next one overtakes.
    held: [Mutex<Option<Held>>; 2],
    last: Mutex<Instant>,
}

impl Exchange {
    /// An exchange between clients at `listening` and the server at `target`.
    ///
    /// # Errors
    ///
    /// Where the system has no thread left.
    pub fn new(
        tap: &Arc<Tap>,
        listening: UdpSocket,
        target: SocketAddr,
        log: Log,
    ) -> io::Result<Arc<Self>> {
        let possible = descriptor_limit().map_or(CLIENTS, |limit| limit / SHARE);
        Ok(Arc::new(Self {
            tap: Arc::clone(tap),
            listening,
            target,
            postman: Postman::start()?,
            clients: Mutex::default(),
            max_clients: possible.min(CLIENTS),
            log,
            refused: RateLimit::new(ONCE_A_MINUTE),
            counts: Default::default(),
        }))
    }

    /// Hands a client's datagram on.
    pub fn take(self: &Arc<Self>, datagram: &Datagram) {
        let mut clients = lock(&self.clients);
        // A conversation that is over is held here alone.
        clients.retain(|_, client| Arc::strong_count(client) > 1);
        let client = match clients.get(&datagram.peer) {
            Some(client) => Arc::clone(client),
            None if clients.len() >= self.max_clients => return self.refuse(datagram.peer),
            None => {
                let Some(client) = self.begin(datagram.peer) else {
                    return;
                };
                clients.insert(datagram.peer, Arc::clone(&client));
                client
            }
        };
        drop(clients);
        *lock(&client.last) = Instant::now();
        client.hand_on(Side::Client, datagram.data());
    }

    /// Drops a datagram, as there is no way to tell its sender why.
    fn refuse(&self, peer: SocketAddr) {
        if let Some(others) = self.refused.allow() {
            let (max, others) = (self.max_clients, and_others(others));
            let words = format_args!("{peer} refused: {max} clients in use{others}");
            self.log.info(words);
        }
    }

    fn begin(self: &Arc<Self>, address: SocketAddr) -> Option<Arc<Client>> {
        let talk = Talk::begin(&self.tap, &address.to_string())?;
        let upstream = connect_udp(self.target).and_then(|socket| {
            socket.set_read_timeout(Some(LOOK))?;
            Ok(socket)
        });
        let upstream = match upstream {
            Ok(upstream) => upstream,
            Err(error) => {
                talk.note(Kind::Refused, Side::Server, reason(&error));
                talk.end();
                return None;
            }
        };
        let client = Arc::new(Client {
            exchange: Arc::clone(self),
            talk,
            address,
            upstream,
            held: Default::default(),
            last: Mutex::new(Instant::now()),
        });
        let answers = Arc::clone(&client);
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        if let Err(error) = thread.spawn(move || answers.read_answers()) {
            client
                .talk
                .note(Kind::Refused, Side::Server, reason(&error));
            client.talk.end();
            return None;
        }
        Some(client)
    }
}

impl Client {
    /// Hands the server's answers on until the client is forgotten.
    fn read_answers(self: &Arc<Self>) {
        let mut buffer = vec![0; 65_536];
        while lock(&self.last).elapsed() < FORGOTTEN {
            match self.upstream.recv(&mut buffer) {
                Ok(count) => self.hand_on(Side::Server, &buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    let words = "no program listens there (ICMP port unreachable)";
                    self.talk.note(Kind::Refused, Side::Server, words);
                }
                Err(_) => {}
            }
        }
        self.talk.end();
    }

    /// Decides the fate of one datagram, and hands it on.
    fn hand_on(self: &Arc<Self>, from: Side, data: &[u8]) {
        let line = &self.talk.tap.line;
        let number = self.exchange.counts[from as usize].fetch_add(1, Ordering::Relaxed);
        let at = self.talk.count(from, data);
        let note = |kind, text| self.talk.add(Instant::now(), kind, from, at, data, text);
        if !line.bends(from).is_bent() {
            note(Kind::Passed, "");
            return self.send(from, data);
        }
        note(Kind::Received, "");
        if line.is_hit(Bend::Drop, from, number) {
            note(Kind::Dropped, "lost");
            return self.release(from);
        }
        let late = line.late(from, number);
        let due = Instant::now() + late;
        if line.is_hit(Bend::Reorder, from, number) && self.hold(from, at, data) {
            let client = Arc::clone(self);
            let release = Box::new(move || client.release(from));
            return self.exchange.postman.post(due + OVERTAKEN, release);
        }
        let twice = line.is_hit(Bend::Duplicate, from, number);
        for is_copy in [false, true].into_iter().take(1 + usize::from(twice)) {
            let mut words = line.bends(from).words(late);
            if is_copy {
                words.push_str(if words.is_empty() { "" } else { ", " });
                words.push_str("sent twice");
            }
            let (client, data) = (Arc::clone(self), data.to_vec());
            let deliver = move || {
                client.deliver(from, at, &data, &words);
                client.release(from);
            };
            match late.is_zero() {
                true => deliver(),
                false => self.exchange.postman.post(due, Box::new(deliver)),
            }
        }
    }

    /// Keeps a datagram for the next to overtake it; whether there was room for one.
    fn hold(&self, from: Side, at: u64, data: &[u8]) -> bool {
        let mut held = lock(&self.held[from as usize]);
        let is_free = held.is_none();
        if is_free {
            *held = Some((at, data.to_vec()));
        }
        is_free
    }

    /// Sends the datagram that was overtaken, where one waits.
    fn release(&self, from: Side) {
        let held = lock(&self.held[from as usize]).take();
        if let Some((at, data)) = held {
            self.deliver(from, at, &data, "overtaken");
        }
    }

    fn deliver(&self, from: Side, at: u64, data: &[u8], words: &str) {
        self.talk
            .add(Instant::now(), Kind::Sent, from, at, data, words);
        self.send(from, data);
    }

    fn send(&self, from: Side, data: &[u8]) {
        let crossing = self.talk.announce(from, data);
        let sent = match from {
            Side::Client => self.upstream.send(data),
            Side::Server => self.exchange.listening.send_to(data, self.address),
        };
        if let Err(error) = sent
            && !is_news_of_a_peer(&error)
        {
            let words = format!("not sent ({})", reason(&error));
            self.talk.note(Kind::Bent, from, words);
        }
        self.talk.crossed(crossing);
    }
}

/// What a socket learns of a peer that has gone is no failure of the socket.
fn is_news_of_a_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}
