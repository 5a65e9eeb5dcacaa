//! Keeps refused streams open until their clients have read the reason; see
//! [`refuse`](crate::net::refuse).

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

/// How many streams are kept at once if the limit on descriptors is not known.
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
    /// In the order of their deadlines.
    streams: VecDeque<(Stream, Instant)>,
    /// How many streams are kept. One more closes the oldest, whose client has had the most time to
    /// read.
    max: usize,
    ended: bool,
}

impl RefusedStreams {
    /// Starts the thread that closes the streams. It starts now because later the system may have
    /// no thread left.
    pub(super) fn start() -> io::Result<Self> {
        let kept = Arc::new(Kept::default());
        // The rest of the reserve is for the connection that is being refused, and the program
        // itself.
        let max = free_descriptors().map_or(MAX_KEPT, |(_, reserve)| reserve * 3 / 4);
        lock(&kept.queue).max = max;
        let shared = Arc::clone(&kept);
        thread::Builder::new()
            .name("refused".into())
            .stack_size(STACK_SIZE)
            .spawn(move || shared.close_expired())?;
        Ok(Self(kept))
    }

    /// Sends the reason and keeps the stream for [`LINGER`]. The line fits into the send buffer of
    /// a new connection, so this never blocks.
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
    /// Returns when the server has ended and every stream is closed.
    fn close_expired(&self) {
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
    use crate::deadline::{SOON, poll};
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_client_that_has_sent_data_can_still_read_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = RefusedStreams::start().unwrap();
        for size in [0, 10, 100_000] {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(&vec![0; size]).unwrap();
            refused.refuse(listener.accept().unwrap().0.into(), &"not today");
            let mut words = String::new();
            client.set_read_timeout(Some(SOON)).unwrap();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: not today\n");
        }
    }

    #[test]
    fn at_most_max_streams_are_kept_and_all_are_closed() {
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
            client.set_read_timeout(Some(SOON)).unwrap();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: full\n");
        }
        let kept = Arc::clone(&refused.0);
        drop(refused);
        let has_ended = || (Arc::strong_count(&kept) == 1).then_some(());
        assert!(poll(SOON, has_ended).is_some());
        assert!(lock(&kept.queue).streams.is_empty());
    }
}
