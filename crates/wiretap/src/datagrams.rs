//! Conversations in datagrams: each client's address is one, with a socket of its own to the server.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::show_duration;
use proto::net::connect_udp;
use proto::reason;
use proto::socketserver::STACK_SIZE;
use proto::sync::lock;

use crate::bend::{Bend, chance};
use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::postman::{Letter, Postman};
use crate::tap::Tap;

/// How many clients there may be at once.
const CLIENTS: usize = 1000;

/// A client that says nothing for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// How often a conversation looks whether it is over.
const LOOK: Duration = Duration::from_secs(1);

/// How long a datagram waits for the one that is to overtake it.
const OVERTAKEN: Duration = Duration::from_millis(200);

/// Where a datagram's bytes begin, and its bytes.
type Held = (u64, Vec<u8>);

/// One client's datagrams, and the server's answers to them.
#[derive(Debug)]
pub struct Talk {
    tap: Arc<Tap>,
    number: u64,
    client: SocketAddr,
    /// Where the client is answered from, and whence the server is asked.
    sockets: [Arc<UdpSocket>; 2],
    decoder: Option<Mutex<Decoder>>,
    bytes: [AtomicU64; 2],
    /// The datagram of each side that the next one overtakes.
    held: [Mutex<Option<Held>>; 2],
    last: Mutex<Instant>,
}

/// Hands datagrams on between clients at `listening` and the server at `target`, until `listening`
/// fails, or a datagram comes after `is_stopping` was set.
pub fn serve(
    listening: UdpSocket,
    target: SocketAddr,
    tap: &Arc<Tap>,
    is_stopping: &AtomicBool,
) -> io::Result<()> {
    let listening = Arc::new(listening);
    let postman = Arc::new(Postman::start()?);
    let mut talks: HashMap<SocketAddr, Arc<Talk>> = HashMap::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let (count, client) = match listening.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if is_news_of_a_peer(&error) => continue,
            Err(error) => return Err(error),
        };
        if is_stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        talks.retain(|_, talk| Arc::strong_count(talk) > 1);
        let talk = match talks.get(&client) {
            Some(talk) => Arc::clone(talk),
            None if talks.len() >= CLIENTS => continue,
            None => match Talk::begin(client, &listening, target, tap, &postman) {
                Some(talk) => {
                    talks.insert(client, Arc::clone(&talk));
                    talk
                }
                None => continue,
            },
        };
        *lock(&talk.last) = Instant::now();
        talk.hand_on(Side::Client, &buffer[..count], &postman);
    }
}

/// What a socket learns of a peer that has gone is no failure of the socket.
fn is_news_of_a_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}

impl Talk {
    fn begin(
        client: SocketAddr,
        listening: &Arc<UdpSocket>,
        target: SocketAddr,
        tap: &Arc<Tap>,
        postman: &Arc<Postman>,
    ) -> Option<Arc<Self>> {
        let number = tap.begin(&client.to_string())?;
        let refuse = |error: &io::Error| tap.refuse(number, &reason(error));
        let upstream = connect_udp(target).and_then(|socket| {
            socket.set_read_timeout(Some(LOOK))?;
            Ok(socket)
        });
        let upstream = upstream.inspect_err(refuse).ok()?;
        let talk = Arc::new(Self {
            tap: Arc::clone(tap),
            number,
            client,
            sockets: [Arc::clone(listening), Arc::new(upstream)],
            decoder: tap.decoder(),
            bytes: Default::default(),
            held: Default::default(),
            last: Mutex::new(Instant::now()),
        });
        let (answers, postman) = (Arc::clone(&talk), Arc::clone(postman));
        thread::Builder::new()
            .name("answers".into())
            .stack_size(STACK_SIZE)
            .spawn(move || answers.read_answers(&postman))
            .inspect_err(refuse)
            .ok()?;
        Some(talk)
    }

    /// Hands the server's answers on until the client is forgotten. The listening thread then drops
    /// the conversation, because it holds the last reference to it.
    fn read_answers(self: &Arc<Self>, postman: &Postman) {
        let mut buffer = vec![0; 65_536];
        while lock(&self.last).elapsed() < FORGOTTEN {
            match self.sockets[1].recv(&mut buffer) {
                Ok(count) => self.hand_on(Side::Server, &buffer[..count], postman),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    let words = "no program listens there (ICMP port unreachable)";
                    let event = Event::new(self.number, Kind::Refused, Side::Server, words);
                    self.tap.journal.add(event);
                }
                Err(_) => {}
            }
        }
        let sent = Side::BOTH.map(|side| self.bytes[side as usize].load(Ordering::Relaxed));
        self.tap.end(self.number, sent);
    }

    /// Decides the fate of one datagram, and hands it on.
    fn hand_on(self: &Arc<Self>, from: Side, data: &[u8], postman: &Postman) {
        let tap = &*self.tap;
        let number = tap.count.datagram(from);
        let at = self.bytes[from as usize].fetch_add(data.len() as u64, Ordering::Relaxed);
        if !tap.line.is_bent(from) {
            self.note(Kind::Passed, from, at, data, "");
            return self.send(from, data);
        }
        self.note(Kind::Received, from, at, data, "");
        let bends = tap.line.bends(from);
        let is_hit = |bend, question| chance(tap.seed, from, number, question) < bends.share(bend);
        if is_hit(Bend::Drop, 0) {
            self.note(Kind::Dropped, from, at, data, "lost");
            return self.release(from);
        }
        let jitter = chance(tap.seed, from, number, 3);
        let late = bends.time(Bend::Delay) + bends.time(Bend::Jitter).mul_f64(jitter);
        let due = Instant::now() + late;
        let copies = if is_hit(Bend::Duplicate, 1) { 2 } else { 1 };
        if is_hit(Bend::Reorder, 2) && self.hold(from, at, data) {
            let talk = Arc::clone(self);
            return postman.post(due + OVERTAKEN, Box::new(move || talk.release(from)));
        }
        for copy in 0..copies {
            let mut words = Vec::new();
            if !late.is_zero() {
                words.push(format!("delayed {}", show_duration(late)));
            }
            if copy > 0 {
                words.push("sent twice".into());
            }
            let (talk, data, words) = (Arc::clone(self), data.to_vec(), words.join(", "));
            let deliver: Letter = Box::new(move || {
                talk.note(Kind::Sent, from, at, &data, &words);
                talk.send(from, &data);
                talk.release(from);
            });
            if late.is_zero() {
                deliver();
            } else {
                postman.post(due, deliver);
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
            self.note(Kind::Sent, from, at, &data, "overtaken");
            self.send(from, &data);
        }
    }

    fn send(&self, from: Side, data: &[u8]) {
        let [to_client, to_server] = &self.sockets;
        let sent = match from {
            Side::Client => to_server.send(data),
            Side::Server => to_client.send_to(data, self.client),
        };
        if let Err(error) = sent
            && !is_news_of_a_peer(&error)
        {
            let words = format!("not sent ({})", reason(&error));
            let event = Event::new(self.number, Kind::Bent, from, words);
            self.tap.journal.add(event);
        }
        self.tap
            .decode(self.decoder.as_ref(), self.number, from, data);
    }

    fn note(&self, kind: Kind, from: Side, at: u64, data: &[u8], text: &str) {
        let keep = self.tap.journal.keep();
        let event = Event::new(self.number, kind, from, text).with_data(at, data, keep);
        self.tap.journal.add(event);
    }
}
