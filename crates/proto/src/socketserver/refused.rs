//! Refused streams, kept open until their clients have read why; see [`refuse`](crate::net::refuse).

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use super::capacity::free_descriptors;
use super::server::STACK_SIZE;
use crate::net::{LINGER, Stream, refusal_line};
use crate::sync::{lock, wait_while};

/// How many are kept at once where the limit on descriptors is not known.
const MAX_KEPT: usize = 48;

/// Refuses connections without making the accept loop wait.
#[derive(Debug)]
pub(super) struct RefusedStreams(Arc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// In the order of their times.
    streams: VecDeque<(Stream, Instant)>,
    /// How many are kept. One more closes the oldest, which has had the longest time to read.
    max: usize,
    ended: bool,
}

impl RefusedStreams {
    /// Starts the thread that closes them. It is there before it is needed: the system may have no
    /// thread left then.
    pub(super) fn start() -> io::Result<Self> {
        let kept = Arc::new(Kept::default());
        // The rest of the reserve is for the connection that is being refused, and the program itself.
        let max = free_descriptors().map_or(MAX_KEPT, |(_, reserve)| reserve * 3 / 4);
        lock(&kept.queue).max = max;
        let shared = Arc::clone(&kept);
        thread::Builder::new()
            .name("refused".into())
            .stack_size(STACK_SIZE)
            .spawn(move || shared.close_in_time())?;
        Ok(Self(kept))
    }

    /// Says why and keeps the stream for a moment. The words fit into a fresh connection's buffer, so
    /// this never waits.
    pub(super) fn refuse(&self, stream: Stream, why: &dyn Display) {
        let said = stream
            .set_nonblocking(true)
            .and_then(|()| (&stream).write_all(&refusal_line(&why.to_string())))
            .and_then(|()| stream.shutdown(Shutdown::Write));
        if said.is_err() {
            return;
        }
        let mut queue = lock(&self.0.queue);
        if queue.streams.len() >= queue.max {
            queue.streams.pop_front();
        }
        queue.streams.push_back((stream, Instant::now() + LINGER));
        self.0.changed.notify_one();
    }
}

impl Kept {
    /// Ends when the server has ended and every stream is closed.
    fn close_in_time(&self) {
        loop {
            let queue = lock(&self.queue);
            let queue = wait_while(&self.changed, queue, |queue| {
                queue.streams.is_empty() && !queue.ended
            });
            let Some(&(_, until)) = queue.streams.front() else {
                return;
            };
            drop(queue);
            thread::sleep(until.saturating_duration_since(Instant::now()));
            let mut queue = lock(&self.queue);
            while queue
                .streams
                .pop_front_if(|(_, until)| *until <= Instant::now())
                .is_some()
            {}
        }
    }
}

impl Drop for RefusedStreams {
    fn drop(&mut self) {
        lock(&self.0.queue).ended = true;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_client_that_has_sent_something_can_still_read_why() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = RefusedStreams::start().unwrap();
        for size in [0, 10, 100_000] {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(&vec![0; size]).unwrap();
            refused.refuse(listener.accept().unwrap().0.into(), &"not today");
            let mut words = String::new();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: not today\n");
        }
    }

    #[test]
    fn no_more_are_kept_than_the_limit_and_each_is_closed_in_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = RefusedStreams::start().unwrap();
        lock(&refused.0.queue).max = 3;
        let clients: Vec<TcpStream> = (0..10)
            .map(|_| {
                let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                refused.refuse(listener.accept().unwrap().0.into(), &"full");
                client
            })
            .collect();
        assert!(lock(&refused.0.queue).streams.len() <= 3);
        for mut client in clients {
            let mut words = String::new();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: full\n");
        }
        let kept = Arc::clone(&refused.0);
        drop(refused);
        while Arc::strong_count(&kept) > 1 {
            thread::yield_now();
        }
        assert!(lock(&kept.queue).streams.is_empty());
    }
}
