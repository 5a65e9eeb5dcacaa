//! Doing things later, in the order of their times, in one thread.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use proto::socketserver::STACK_SIZE;

/// How many letters may wait to be taken. One that finds no room is lost, as in any queue.
const ROOM: usize = 4096;

/// What is to be done.
pub type Letter = Box<dyn FnOnce() + Send>;

/// The thread's letter box.
#[derive(Debug)]
pub struct Postman(SyncSender<(Instant, Letter)>);

impl Postman {
    /// Starts the thread, which ends with this value; letters that are not due then are lost.
    pub fn start() -> io::Result<Self> {
        let (letters, inbox) = mpsc::sync_channel(ROOM);
        thread::Builder::new()
            .name("postman".into())
            .stack_size(STACK_SIZE)
            .spawn(move || deliver(&inbox))?;
        Ok(Self(letters))
    }

    /// Has `letter` delivered at `due`.
    pub fn post(&self, due: Instant, letter: Letter) {
        let _ = self.0.try_send((due, letter));
    }
}

fn deliver(inbox: &Receiver<(Instant, Letter)>) {
    // Two letters may be due at once: a number keeps their order.
    let mut letters: BTreeMap<(Instant, u64), Letter> = BTreeMap::new();
    for number in 0_u64.. {
        let wait = loop {
            let now = Instant::now();
            match letters.first_entry() {
                Some(first) if first.key().0 > now => break first.key().0 - now,
                Some(first) => first.remove()(),
                None => break Duration::MAX,
            }
        };
        match inbox.recv_timeout(wait) {
            Ok((due, letter)) => drop(letters.insert((due, number), letter)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
