//! A peer of the test's own: it listens, and says literal bytes to whoever comes.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic;
use std::thread::{self, JoinHandle};

use crate::artifacts::artifacts;
use crate::deadline::{SOON, poll};
use crate::net;

/// A server that is a closure in a thread of the test.
#[derive(Debug)]
pub struct Peer {
    addr: SocketAddr,
    talk: JoinHandle<()>,
}

impl Peer {
    /// Listens, and hands the first connection to `talk`.
    #[track_caller]
    pub fn new(talk: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        Self::listening(|listener| talk(net::accept(&listener)))
    }

    /// Listens, for a talk that accepts by itself.
    #[track_caller]
    pub fn listening(talk: impl FnOnce(TcpListener) + Send + 'static) -> Self {
        // Who is going to connect may have to be built, which takes longer than a peer waits.
        artifacts();
        let listener = net::listen();
        let Ok(addr) = listener.local_addr() else {
            panic!("a listener without an address");
        };
        let talk = thread::spawn(move || talk(listener));
        Self { addr, talk }
    }

    /// Answers each thing that it hears with the next of `answers`, then sends no more and reads
    /// on until the other side closes.
    #[track_caller]
    pub fn saying<A: Into<Vec<u8>>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<Vec<u8>> = answers.into_iter().map(Into::into).collect();
        Self::new(move |conn| {
            for answer in answers {
                let mut heard = [0; 64 * 1024];
                match net::again(|| std::io::Read::read(&mut &conn, &mut heard)) {
                    Ok(1..) => net::send(&conn, &answer),
                    // It has left, or given up: its own test says whether that is right.
                    _ => return,
                }
            }
            net::half_close(&conn);
            let _ = std::io::copy(&mut &conn, &mut std::io::sink());
        })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits for the end of its talk, and fails the test if that failed.
    #[track_caller]
    pub fn finish(self) {
        // What it waits for has its own bound; this only keeps a test from waiting for ever.
        let ended = poll(SOON * 2, || self.talk.is_finished().then_some(()));
        if ended.is_none() {
            panic!("the peer's talk does not end");
        }
        if let Err(failed) = self.talk.join() {
            panic::resume_unwind(failed);
        }
    }
}
