//! Conversations in datagrams: one for each client address, each with its own socket to the server.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use proto::cli::Failure;
use proto::net::{ResolveError, connect_udp};
use proto::serving::log_events;
use proto::socketserver::{Datagram, Event, Refusal, STACK_SIZE, descriptor_limit};
use proto::start_reason;
use proto::sync::lock;

use crate::direction::{Direction, Received, Wire};
use crate::event::{Kind, Side};
use crate::talk::{Talk, Tap};

/// How many clients there may be at once.
const CLIENTS: usize = 1000;
/// Clients may use one in this many of the file descriptors.
const SHARE: usize = 2;

/// How many datagrams of a client may wait for its thread. Further ones are lost.
const ROOM: usize = 256;

/// How long a client may be silent before wiretap forgets it.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// How often the thread that reads from the server checks whether the client is forgotten.
const LOOK: Duration = Duration::from_secs(1);

/// A datagram, and its number among those of all clients.
type Numbered = (u64, Vec<u8>);

/// Forwards datagrams between clients and the server.
pub struct Exchange {
    tap: Arc<Tap>,
    /// The socket that clients send to, and that replies to them come from.
    listening: UdpSocket,
    /// The addresses of the server.
    targets: Vec<SocketAddr>,
    clients: Mutex<HashMap<SocketAddr, SyncSender<Numbered>>>,
    max_clients: usize,
    /// Called for each refused client.
    watch: Box<dyn Fn(&Event<'_>) + Send + Sync>,
    /// How many datagrams each side has sent, over all conversations.
    counts: [AtomicU64; 2],
}

impl Exchange {
    /// An exchange between clients at `listening` and the server.
    pub fn new(tap: &Arc<Tap>, listening: UdpSocket) -> Result<Arc<Self>, ResolveError> {
        let possible = descriptor_limit().map_or(CLIENTS, |limit| limit / SHARE);
        Ok(Arc::new(Self {
            tap: Arc::clone(tap),
            listening,
            targets: tap.options.target.resolve()?,
            clients: Mutex::default(),
            max_clients: possible.min(CLIENTS),
            watch: Box::new(log_events(tap.options.log)),
            counts: Default::default(),
        }))
    }

    /// Forwards a client's datagram.
    pub fn take(self: &Arc<Self>, datagram: &Datagram) {
        let peer = datagram.peer;
        let mut clients = lock(&self.clients);
        let in_use = clients.len();
        if in_use >= self.max_clients && !clients.contains_key(&peer) {
            let why = Refusal::Busy { in_use };
            return (self.watch)(&Event::Refused { peer: &peer, why });
        }
        let client = clients.entry(peer).or_insert_with(|| self.begin(peer));
        let datagram = (self.next(Side::Client), datagram.data().to_vec());
        if let Err(TrySendError::Disconnected(_)) = client.try_send(datagram) {
            clients.remove(&peer);
        }
    }

    fn next(&self, from: Side) -> u64 {
        self.counts[from as usize].fetch_add(1, Ordering::Relaxed)
    }

    /// Begins a conversation in its own thread.
    fn begin(self: &Arc<Self>, client: SocketAddr) -> SyncSender<Numbered> {
        let (sender, inbox) = mpsc::sync_channel(ROOM);
        let exchange = Arc::clone(self);
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        let thread = thread.spawn(move || {
            let Some(talk) = Talk::begin(&exchange.tap, &client.to_string()) else {
                return exchange.forget(client);
            };
            let sent = exchange.forward(&talk, client, &inbox);
            talk.end(sent.unwrap_or_else(|error| {
                talk.note(Kind::Refused, Side::Server, &start_reason(&error));
                exchange.forget(client);
                [0; 2]
            }));
        });
        if let Err(error) = thread {
            let failure = Failure::start("a datagram is lost: cannot start a thread", &error);
            self.tap.options.log.complain(&failure);
        }
        sender
    }

    /// The client's next datagram begins a new conversation.
    fn forget(&self, client: SocketAddr) {
        lock(&self.clients).remove(&client);
    }

    /// Forwards datagrams in both directions until the client is forgotten. Returns how many bytes
    /// of each side it forwarded.
    fn forward(
        &self,
        talk: &Talk,
        client: SocketAddr,
        inbox: &Receiver<Numbered>,
    ) -> io::Result<[u64; 2]> {
        let upstream = &upstream(&self.targets)?;
        let is_forgotten = &AtomicBool::new(false);
        let answers = Answers {
            exchange: self,
            upstream,
            client,
            limit: None,
        };
        let requests = Requests {
            exchange: self,
            client,
            inbox,
            upstream,
            is_forgotten,
        };
        thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK_SIZE);
            let server = thread.spawn_scoped(scope, || {
                Direction::run(talk, Side::Server, answers, is_forgotten)
            })?;
            let client = Direction::run(talk, Side::Client, requests, is_forgotten);
            Ok([client, server.join().unwrap_or(0)])
        })
    }
}

/// A socket connected to the server. If its name has several addresses, as `localhost` may, it is
/// the first that a program on this machine uses: binding to that address fails. Otherwise it is
/// the first address.
fn upstream(targets: &[SocketAddr]) -> io::Result<UdpSocket> {
    let is_taken = |target: &&SocketAddr| {
        UdpSocket::bind(target).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    };
    let target = match targets {
        [only] => only,
        all => all.iter().find(is_taken).unwrap_or(&all[0]),
    };
    connect_udp(*target)
}

/// What a client sends, passed on by the thread that receives for all clients.
struct Requests<'a> {
    exchange: &'a Exchange,
    client: SocketAddr,
    inbox: &'a Receiver<Numbered>,
    upstream: &'a UdpSocket,
    is_forgotten: &'a AtomicBool,
}

impl Wire for Requests<'_> {
    const IS_STREAM: bool = false;

    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> Received {
        let Ok((number, data)) = self.inbox.recv_timeout(limit.unwrap_or(FORGOTTEN)) else {
            if limit.is_none() {
                // At once, because the thread of the server's replies ends only later.
                self.exchange.forget(self.client);
                self.is_forgotten.store(true, Ordering::Relaxed);
            }
            return Err(ErrorKind::TimedOut.into());
        };
        buffer[..data.len()].copy_from_slice(&data);
        Ok(Some((data.len(), number)))
    }

    fn send(&mut self, data: &[u8]) -> io::Result<usize> {
        self.upstream.send(data)
    }
}

/// The server's replies to one client.
struct Answers<'a> {
    exchange: &'a Exchange,
    upstream: &'a UdpSocket,
    client: SocketAddr,
    /// The socket's current timeout.
    limit: Option<Duration>,
}

impl Wire for Answers<'_> {
    const IS_STREAM: bool = false;

    fn recv(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> Received {
        let limit = limit.or(Some(LOOK));
        if limit != self.limit {
            self.upstream.set_read_timeout(limit)?;
            self.limit = limit;
        }
        match self.upstream.recv(buffer) {
            Ok(count) => Ok(Some((count, self.exchange.next(Side::Server)))),
            // The error for a closed port on Windows.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                Err(ErrorKind::ConnectionRefused.into())
            }
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, data: &[u8]) -> io::Result<usize> {
        self.exchange.listening.send_to(data, self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_with_a_server_is_chosen() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let taken = server.local_addr().unwrap();
        let free: SocketAddr = ([127, 0, 0, 2], taken.port()).into();
        for targets in [vec![free, taken], vec![taken, free], vec![taken]] {
            assert_eq!(upstream(&targets).unwrap().peer_addr().unwrap(), taken);
        }
    }
}
