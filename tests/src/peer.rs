//! A server within the test, which sends literal bytes.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic;
use std::thread::{self, JoinHandle};

use crate::artifacts::artifacts;
use crate::deadline::{SOON, poll};
use crate::net;

/// A server that runs a closure in a thread of the test.
#[derive(Debug)]
pub struct Peer {
    addr: SocketAddr,
    talk: JoinHandle<()>,
}

impl Peer {
    /// Listens, and passes the first connection to `talk`.
    #[track_caller]
    pub fn new(talk: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        Self::listening(|listener| talk(net::accept(&listener)))
    }

    /// Listens, and passes the listener to `talk`.
    #[track_caller]
    pub fn listening(talk: impl FnOnce(TcpListener) + Send + 'static) -> Self {
        // Builds the programs first, because that may take longer than a peer waits for its client.
        artifacts();
        let listener = net::listen();
        let Ok(addr) = listener.local_addr() else {
            panic!("a listener without an address");
        };
        let talk = thread::spawn(move || talk(listener));
        Self { addr, talk }
    }

    /// Answers each read with the next of `answers`, then ends its sending side and reads until the
    /// client closes.
    #[track_caller]
    pub fn saying<A: Into<Vec<u8>>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<Vec<u8>> = answers.into_iter().map(Into::into).collect();
        Self::new(move |conn| {
            for answer in answers {
                let mut heard = [0; 64 * 1024];
                match net::again(|| std::io::Read::read(&mut &conn, &mut heard)) {
                    Ok(1..) => net::send(&conn, &answer),
                    // The client has left; its own test checks whether that is right.
                    _ => return,
                }
            }
            net::half_close(&conn);
            let _ = std::io::copy(&mut &conn, &mut std::io::sink());
        })
    }

    /// The address at which it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits for the end of the closure, and fails the test if it panicked.
    #[track_caller]
    pub fn finish(self) {
        // The closure's waits have deadlines of their own; this is a last resort.
        let ended = poll(SOON * 2, || self.talk.is_finished().then_some(()));
        if ended.is_none() {
            panic!("the peer's closure does not end");
        }
        if let Err(failed) = self.talk.join() {
            panic::resume_unwind(failed);
        }
    }
}
