//! What carries a conversation: a connection on each side, or datagrams of one client address.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use proto::cli::Failure;
use proto::net::{connect, connect_udp_any};
use proto::serving::log_events;
use proto::socketserver::{Connection, Datagram, Event, Refusal, STACK_SIZE, descriptor_limit};
use proto::sync::lock;

use crate::direction::{LOOK, Wire, forward};
use crate::event::Side;
use crate::tap::{Talk, Tap};

/// How long the server has to accept the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Forwards bytes between one client and the server, in both directions.
pub fn converse(tap: &'static Tap, connection: &Connection) {
    Talk::hold(tap, tap.begin(), &connection.peer.to_string(), |talk| {
        let server = connect(&tap.options.target, CONNECT)?;
        let streams = [&connection.stream, &server];
        for stream in streams {
            // Without TCP_NODELAY the kernel may join bytes that the other program sent separately.
            let _ = stream.set_nodelay();
            let _ = stream.set_write_timeout(Some(LOOK));
        }
        let wire = |from: Side| {
            let [mut source, mut sink] = [from, from.other()].map(|side| streams[side as usize]);
            let mut limit = None;
            Wire {
                is_stream: true,
                recv: Box::new(move |buffer, wait| {
                    if wait != limit {
                        source.set_read_timeout(wait)?;
                        limit = wait;
                    }
                    source.read(buffer)
                }),
                send: Box::new(move |data| sink.write(data)),
                shutdown: Box::new(move |how| {
                    let _ = sink.shutdown(how);
                    if how != Shutdown::Write {
                        let _ = source.shutdown(how);
                    }
                }),
            }
        };
        forward(talk, Side::BOTH.map(wire))
    });
}

/// How many clients there may be at once.
const CLIENTS: usize = 1000;
/// Clients may use one in this many of the file descriptors.
const SHARE: usize = 2;

/// How many datagrams of a client may wait for its thread. Further ones are lost.
const ROOM: usize = 256;

/// How long a client may be silent before wiretap forgets it.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// How often the thread that reads from the server checks whether the client is forgotten.
const LOOK_FOR_CLIENT: Duration = Duration::from_secs(1);

/// Forwards datagrams between clients and the server.
pub struct Exchange {
    tap: &'static Tap,
    clients: Mutex<HashMap<SocketAddr, SyncSender<Vec<u8>>>>,
    max_clients: usize,
    /// Called for each refused client, and for a thread that cannot be started.
    watch: Box<dyn Fn(&Event<'_>) + Send + Sync>,
}

impl Exchange {
    /// An exchange between clients and the server.
    pub fn new(tap: &'static Tap) -> Self {
        let possible = descriptor_limit().map_or(CLIENTS, |limit| limit / SHARE);
        Self {
            tap,
            clients: Mutex::default(),
            max_clients: possible.min(CLIENTS),
            watch: Box::new(log_events(tap.options.log)),
        }
    }

    /// Forwards a client's datagram.
    pub fn take(&'static self, datagram: &Datagram) {
        let peer = datagram.peer;
        let mut clients = lock(&self.clients);
        let in_use = clients.len();
        if in_use >= self.max_clients && !clients.contains_key(&peer) {
            let why = Refusal::Busy { in_use };
            let peer = &peer.to_string();
            return (self.watch)(&Event::Refused { peer, why });
        }
        let client = clients.entry(peer).or_insert_with(|| self.begin(datagram));
        let sent = client.try_send(datagram.data().to_vec());
        if let Err(TrySendError::Disconnected(_)) = sent {
            clients.remove(&peer);
        }
    }

    /// Begins a conversation in its own thread.
    fn begin(&'static self, first: &Datagram) -> SyncSender<Vec<u8>> {
        let (sender, inbox) = mpsc::sync_channel(ROOM);
        let (client, socket) = (first.peer, Arc::clone(first.socket()));
        // Not in the thread: the fate of a datagram must not depend on the order of threads.
        let number = self.tap.begin();
        let thread = thread::Builder::new().stack_size(STACK_SIZE);
        let thread = thread.spawn(move || self.serve(number, client, &socket, inbox));
        if let Err(error) = thread {
            // Otherwise it would count for `--connections`, and never be over.
            self.tap.begun.fetch_sub(1, Ordering::Relaxed);
            (self.watch)(&Event::SpawnFailed { error: &error });
        }
        sender
    }

    /// Forwards datagrams in both directions until the client, which has sent to `socket`, is
    /// forgotten.
    fn serve(&self, number: u64, client: SocketAddr, socket: &UdpSocket, inbox: Receiver<Vec<u8>>) {
        let is_held = Talk::hold(self.tap, number, &client.to_string(), |talk| {
            let upstream = connect_udp_any(&self.tap.options.target.resolve()?)?;
            if upstream.peer_addr()? == client {
                // A forged datagram: the server's answer would go to the server, and so on.
                return Err(Failure::new("the client has the address of the target"));
            }
            let (mut limit, upstream) = (None, &upstream);
            let from_client = Wire {
                is_stream: false,
                recv: Box::new(move |buffer, wait| {
                    let received = inbox.recv_timeout(wait.unwrap_or(FORGOTTEN));
                    if received.is_err() && wait.is_none() {
                        // At once, because the thread of the server's replies ends only later.
                        self.forget(client);
                        talk.is_over.store(true, Ordering::Relaxed);
                    }
                    let data = received.map_err(|_| ErrorKind::TimedOut)?;
                    buffer[..data.len()].copy_from_slice(&data);
                    Ok(data.len())
                }),
                send: Box::new(|data| upstream.send(data)),
                shutdown: Box::new(|_| {}),
            };
            let from_server = Wire {
                is_stream: false,
                recv: Box::new(|buffer, wait| {
                    let wait = wait.or(Some(LOOK_FOR_CLIENT));
                    if wait != limit {
                        upstream.set_read_timeout(wait)?;
                        limit = wait;
                    }
                    upstream.recv(buffer)
                }),
                send: Box::new(|data| socket.send_to(data, client)),
                shutdown: Box::new(|_| {}),
            };
            forward(talk, [from_client, from_server])
        });
        if !is_held {
            self.forget(client);
        }
    }

    /// The client's next datagram begins a new conversation.
    fn forget(&self, client: SocketAddr) {
        lock(&self.clients).remove(&client);
    }
}
