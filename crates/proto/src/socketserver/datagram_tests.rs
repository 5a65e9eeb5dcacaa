//! Tests of `UdpServer` and of `ThreadingServer` with datagrams, over real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::*;
use crate::deadline::in_time;
use crate::net::{MAX_DATAGRAM, bind_udp, connect_udp};
use crate::sync::lock;

const LONG: Duration = Duration::from_secs(10);

struct Running {
    address: SocketAddr,
    stopper: Stopper,
    serving: JoinHandle<()>,
}

impl Running {
    fn client(&self) -> UdpSocket {
        let socket = connect_udp(self.address).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket
    }

    fn stop(self) {
        self.stopper.shutdown(LONG);
        in_time(|| self.serving.join().unwrap());
    }
}

/// Starts a `UdpServer` with `cut` as its `max_packet_size`. It sends each datagram's `lost` to
/// `lost`.
fn start_loop(cut: usize, lost: mpsc::Sender<usize>) -> Running {
    let (socket, _) = bind_udp(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let source = Datagrams::new(socket).max_packet_size(cut);
    let server = UdpServer::new(source, move |datagram: &mut Datagram| {
        assert_ne!(datagram.data(), b"!", "told to panic");
        datagram.data_mut().make_ascii_uppercase();
        datagram.reply(datagram.data()).unwrap();
        let _ = lost.send(datagram.lost);
    });
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    Running {
        address,
        stopper,
        serving,
    }
}

fn exchange(client: &UdpSocket, message: &[u8]) -> Vec<u8> {
    client.send(message).unwrap();
    let mut reply = vec![0; 65_536];
    let count = client.recv(&mut reply).unwrap();
    reply.truncate(count);
    reply
}

#[test]
fn datagrams_of_every_length_are_answered_whole() {
    let server = start_loop(usize::MAX, mpsc::channel().0);
    let client = server.client();
    // A short datagram must not contain the rest of a long one before it.
    for size in [0, MAX_DATAGRAM, 1, 1024, 8193, 0, 2] {
        let reply = exchange(&client, &vec![b'x'; size]);
        assert_eq!(reply.len(), size);
        assert!(reply.iter().all(|&byte| byte == b'X'));
    }
    server.stop();
}

#[test]
fn cut_bytes_are_counted() {
    let (lost, losses) = mpsc::channel();
    let server = start_loop(1024, lost);
    let client = server.client();
    for (size, kept) in [
        (1023, 1023),
        (1024, 1024),
        (1025, 1024),
        (MAX_DATAGRAM, 1024),
        (3, 3),
    ] {
        assert_eq!(exchange(&client, &vec![b'x'; size]).len(), kept);
        assert_eq!(losses.recv_timeout(LONG).unwrap(), size - kept);
    }
    server.stop();
}

#[test]
fn a_panic_ends_only_one_datagram() {
    let server = start_loop(usize::MAX, mpsc::channel().0);
    let client = server.client();
    client.send(b"!").unwrap();
    assert_eq!(exchange(&client, b"a"), b"A");
    server.stop();
}

/// A forged sender can be the server's own address: the server would then answer itself for ever.
#[test]
fn a_datagram_from_its_own_address_is_not_answered() {
    for (bind, from) in [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        // A server of two addresses.
        ("127.0.0.1", "127.0.0.2"),
    ] {
        let socket = UdpSocket::bind((bind, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let mut sockets = vec![socket];
        if from != bind {
            // Linux has all of 127.0.0.0/8.
            let Ok(other) = UdpSocket::bind((from, port)) else {
                continue;
            };
            sockets.push(other);
        }
        let same = sockets.last().unwrap().try_clone().unwrap();
        let (answered, answers) = mpsc::channel();
        let server = UdpServer::new(Datagrams::all(sockets), move |datagram: &mut Datagram| {
            let _ = answered.send(datagram.data().to_vec());
            let _ = datagram.reply(datagram.data());
        });
        let stopper = server.stopper();
        let serving = thread::spawn(move || server.serve_forever());
        same.send_to(b"forged", address).unwrap();
        let client = connect_udp(address).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(exchange(&client, b"real"), b"real");
        assert_eq!(answers.recv_timeout(LONG).unwrap(), b"real");
        stopper.shutdown(LONG);
        in_time(|| serving.join().unwrap());
        assert!(answers.recv_timeout(LONG).is_err(), "{bind}, {from}");
    }
}

#[test]
fn shutdown_wakes_the_loop_and_closes_the_socket() {
    let server = start_loop(usize::MAX, mpsc::channel().0);
    let address = server.address;
    server.stop();
    UdpSocket::bind(address).unwrap();
}

#[test]
fn an_icmp_error_from_a_client_that_left_does_not_stop_the_loop() {
    // Only a connected socket gets the ICMP error, so the server's socket is connected to this
    // client.
    let (socket, _) = bind_udp(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let client = connect_udp(address).unwrap();
    let client_address = client.local_addr().unwrap();
    socket.connect(client_address).unwrap();
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let (left, has_left) = mpsc::channel::<()>();
    let (answered, answers) = mpsc::channel();
    let has_left = Mutex::new(has_left);
    let server = UdpServer::new(Datagrams::new(socket), move |datagram: &mut Datagram| {
        // The channel is closed once the client has left.
        let _ = lock(&has_left).recv_timeout(LONG);
        let _ = answered.send(datagram.reply(b"too late").is_ok());
    })
    .on_event(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
    });
    thread::spawn(move || server.serve_forever());
    client.send(b"a").unwrap();
    drop(client);
    drop(left);
    assert!(answers.recv_timeout(LONG).unwrap());
    let client = UdpSocket::bind(client_address).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client.connect(address).unwrap();
    assert_eq!(exchange(&client, b"b"), b"too late");
    assert_eq!(failures.load(Ordering::SeqCst), 0);
}

/// Answers `slow` only after an item from the channel.
struct Waiting {
    datagram: Datagram,
    go: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl RequestHandler for Waiting {
    fn handle(&mut self) {
        if self.datagram.data() == b"slow" {
            self.go.lock().unwrap().recv_timeout(LONG).unwrap();
        }
        let reply = self.datagram.data().to_ascii_uppercase();
        self.datagram.reply(&reply).unwrap();
    }
}

#[test]
fn threads_answer_concurrently_and_drop_datagrams_over_the_limit() {
    let (socket, _) = bind_udp(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let (go, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let (refused, refusals) = mpsc::channel();
    let server = ThreadingServer::new(Datagrams::new(socket), move |datagram| Waiting {
        datagram,
        go: Arc::clone(&gate),
    })
    .max_connections(2)
    .on_event(move |event| {
        if let Event::Refused { peer, .. } = event {
            let _ = refused.send(peer.to_string());
        }
    });
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    let client = || {
        let socket = connect_udp(address).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket
    };
    let (first, second, third) = (client(), client(), client());
    first.send(b"slow").unwrap();
    assert_eq!(exchange(&second, b"quick"), b"QUICK");
    // The quick one frees its permit only after its answer was sent. From here on both permits are
    // taken.
    second.send(b"slow").unwrap();
    let peer = loop {
        third.send(b"slow").unwrap();
        if let Ok(peer) = refusals.recv_timeout(Duration::from_millis(20)) {
            break peer;
        }
    };
    let senders = [&second, &third].map(|s| s.local_addr().unwrap().to_string());
    assert!(senders.contains(&peer));
    // Two handlers are waiting, whichever they are.
    for _ in 0..2 {
        go.send(()).unwrap();
    }
    let mut reply = [0; 4];
    assert_eq!(first.recv(&mut reply).unwrap(), 4);
    assert_eq!(&reply, b"SLOW");
    stopper.shutdown(LONG);
    assert_eq!(in_time(|| serving.join().unwrap()), 0);
}
