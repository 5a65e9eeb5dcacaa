//! Tests of `ThreadingServer` with simple handlers, over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::*;
use crate::deadline::{in_time, poll};
use crate::net::Listener;
use crate::sync::lock;

const LONG: Duration = Duration::from_secs(10);

/// Echoes each byte, and panics on `!`.
struct Echo {
    connection: Connection,
    finished: Arc<AtomicUsize>,
}

impl RequestHandler for Echo {
    fn handle(&mut self) {
        let mut byte = [0];
        while let Ok(1) = self.connection.stream.read(&mut byte) {
            assert_ne!(&byte, b"!", "told to panic");
            self.connection.stream.write_all(&byte).unwrap();
        }
    }

    fn finish(&mut self) {
        self.finished.fetch_add(1, Ordering::SeqCst);
    }
}

struct Running {
    port: u16,
    finished: Arc<AtomicUsize>,
    stopper: Stopper,
    serving: JoinHandle<usize>,
}

fn start(max: usize) -> Running {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.endpoint().port().unwrap();
    let finished = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&finished);
    let make = move |connection| Echo {
        connection,
        finished: Arc::clone(&counter),
    };
    let server =
        ThreadingServer::new(Connections::new(listener).unwrap(), make).max_connections(max);
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    Running {
        port,
        finished,
        stopper,
        serving,
    }
}

impl Running {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// A connection that a thread is known to serve.
    fn served(&self) -> TcpStream {
        let mut stream = self.connect();
        exchange(&mut stream).unwrap();
        stream
    }
}

fn exchange(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"x")?;
    let mut reply = [0];
    stream.read_exact(&mut reply)?;
    // A refusal would begin with the `e` of `error`.
    assert_eq!(&reply, b"x");
    Ok(())
}

#[test]
fn a_panic_ends_one_connection_and_finish_still_runs() {
    let server = start(2);
    let mut other = server.served();
    let mut doomed = server.served();
    doomed.write_all(b"!").unwrap();
    assert_eq!(doomed.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.finished.load(Ordering::SeqCst), 1);
    exchange(&mut other).unwrap();
    // Its permit is free again.
    drop(server.served());
}

#[test]
fn a_connection_over_the_limit_is_refused_and_a_freed_permit_is_reused() {
    let server = start(3);
    let mut inside: Vec<TcpStream> = (0..3).map(|_| server.served()).collect();
    let mut refused = server.connect();
    // Bytes that the server never reads must not turn the refusal into a reset.
    refused.write_all(b"hello").unwrap();
    let mut words = String::new();
    refused.read_to_string(&mut words).unwrap();
    assert_eq!(words, "error: busy, 3 connections in use\n");
    let mut leaving = inside.pop().unwrap();
    leaving.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(leaving.read(&mut [0]).unwrap(), 0);
    drop(server.served());
}

#[test]
fn shutdown_wakes_accept_and_ends_the_input_of_idle_handlers() {
    let server = start(10);
    let mut inside = server.served();
    server.stopper.shutdown(Duration::MAX);
    assert_eq!(inside.read(&mut [0]).unwrap(), 0);
    assert_eq!(in_time(|| server.serving.join().unwrap()), 0);
    assert!(TcpStream::connect(("127.0.0.1", server.port)).is_err());
    assert_eq!(server.finished.load(Ordering::SeqCst), 1);
}

/// Waits for its channel and does not read its stream.
struct Busy(
    #[expect(dead_code)] Connection,
    Arc<Mutex<mpsc::Receiver<()>>>,
);

impl RequestHandler for Busy {
    fn handle(&mut self) {
        let _ = lock(&self.1).recv_timeout(LONG);
    }
}

#[test]
fn shutdown_does_not_wait_longer_than_the_grace() {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.endpoint().port().unwrap();
    let (go, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let connections = Connections::new(listener).unwrap();
    let server = ThreadingServer::new(connections, move |connection| {
        Busy(connection, Arc::clone(&gate))
    });
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let live = || (stopper.state.live() > 0).then_some(());
    assert!(poll(LONG, live).is_some(), "no connection");
    stopper.shutdown(Duration::from_millis(50));
    assert_eq!(in_time(|| serving.join().unwrap()), 1);
    go.send(()).unwrap();
}

/// Stops its own server.
struct Quitting(Connection, Arc<OnceLock<Stopper>>);

impl RequestHandler for Quitting {
    fn handle(&mut self) {
        self.1.get().unwrap().shutdown(LONG);
        let _ = self.0.stream.write_all(b"bye");
    }
}

#[test]
fn a_handler_may_stop_its_server() {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.endpoint().port().unwrap();
    let stopper = Arc::new(OnceLock::new());
    let shared = Arc::clone(&stopper);
    let server = ThreadingServer::new(Connections::new(listener).unwrap(), move |connection| {
        Quitting(connection, Arc::clone(&shared))
    });
    assert!(stopper.set(server.stopper()).is_ok());
    let serving = thread::spawn(move || server.serve_forever());
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.set_read_timeout(Some(LONG / 2)).unwrap();
    let mut words = String::new();
    client.read_to_string(&mut words).unwrap();
    assert_eq!(words, "bye");
    assert_eq!(in_time(|| serving.join().unwrap()), 0);
}

#[test]
fn a_panic_in_the_event_closure_does_not_end_the_server() {
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.endpoint().port().unwrap();
    let server = ThreadingServer::new(Connections::new(listener).unwrap(), |connection| Echo {
        connection,
        finished: Arc::default(),
    })
    .max_connections(0)
    .on_event(|event| assert!(!matches!(event, Event::Refused { .. }), "told to panic"));
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    for _ in 0..2 {
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        let mut words = String::new();
        client.read_to_string(&mut words).unwrap();
        assert_eq!(words, "error: busy, 0 connections in use\n");
    }
    stopper.shutdown(LONG);
    assert_eq!(in_time(|| serving.join().unwrap()), 0);
}

#[test]
fn threads_are_reused_and_every_request_is_served_once() {
    let server = start(1000);
    let (done, all) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..8 {
            let done = done.clone();
            let server = &server;
            scope.spawn(move || {
                for _ in 0..100 {
                    let mut stream = server.served();
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                    done.send(()).unwrap();
                }
            });
        }
    });
    assert_eq!(all.try_iter().count(), 800);
    server.stopper.shutdown(LONG);
    assert_eq!(in_time(|| server.serving.join().unwrap()), 0);
    assert_eq!(server.finished.load(Ordering::SeqCst), 800);
}

#[test]
fn a_loop_whose_accept_fails_pauses_and_can_be_stopped() {
    // Always fails with EMFILE (no free descriptor). The loop must pause and not spin, and it must
    // still be possible to stop it.
    struct Broken(mpsc::SyncSender<()>);
    impl RequestSource for Broken {
        type Request = Connection;
        fn get_request(&self, _: usize) -> std::io::Result<Connection> {
            let _ = self.0.try_send(());
            Err(std::io::Error::from_raw_os_error(24))
        }
        fn refuse(&self, request: Connection, _: Refusal) -> String {
            request.peer.to_string()
        }
        fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
            Box::new(|| {})
        }
    }
    let (tried, tries) = mpsc::sync_channel(1000);
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let make = |connection| Echo {
        connection,
        finished: Arc::default(),
    };
    let server = ThreadingServer::new(Broken(tried), make).on_event(move |event| {
        if matches!(event, Event::AcceptFailed { .. }) {
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.serve_forever());
    tries.recv_timeout(LONG).unwrap();
    tries.recv_timeout(LONG).unwrap();
    stopper.shutdown(LONG);
    assert_eq!(in_time(|| serving.join().unwrap()), 0);
    // With a pause of 100 ms after each try, more tries do not fit into the time of this test.
    assert!((1..50).contains(&failures.load(Ordering::SeqCst)));
}
