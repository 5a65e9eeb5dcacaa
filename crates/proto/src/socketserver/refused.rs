//! Keeps refused streams open until their clients have read the reason; see
//! [`refuse`](crate::net::refuse).

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::capacity::free_descriptors;
use super::server::STACK_SIZE;
use crate::net::{LINGER, Stream, refusal_line};

/// How many streams are kept at once if the limit on descriptors is not known.
const MAX_KEPT: usize = 48;

/// Refuses connections without making the accept loop wait.
#[derive(Debug)]
pub(super) struct RefusedStreams(SyncSender<Stream>);

impl RefusedStreams {
    /// Starts the thread that closes the streams. It starts now because later the system may have
    /// no thread left.
    pub(super) fn start() -> io::Result<Self> {
        // The rest of the reserve is for the connection that is being refused, and the program itself.
        let max = free_descriptors().map_or(MAX_KEPT, |(_, reserve)| reserve * 3 / 4);
        Self::keeping(max, LINGER)
    }

    fn keeping(max: usize, linger: Duration) -> io::Result<Self> {
        let (sender, refused) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("refused".into())
            .stack_size(STACK_SIZE)
            .spawn(move || keep(&refused, max, linger))?;
        Ok(Self(sender))
    }

    /// Sends the reason and keeps the stream for [`LINGER`]. The line fits into the send buffer of
    /// a new connection, so this never blocks.
    pub(super) fn refuse(&self, stream: Stream, why: &dyn Display) {
        let said = stream
            .set_nonblocking(true)
            .and_then(|()| (&stream).write_all(&refusal_line(&why.to_string())))
            .and_then(|()| stream.shutdown(Shutdown::Write));
        if said.is_ok() {
            // The thread takes it at once, and ends only after this sender.
            let _ = self.0.send(stream);
        }
    }
}

/// Keeps each stream for `linger`. One more than `max` closes the oldest, whose client has had the
/// most time to read. Returns when the server has ended and every stream is closed.
fn keep(refused: &Receiver<Stream>, max: usize, linger: Duration) {
    // In the order of their deadlines.
    let mut kept: VecDeque<(Stream, Instant)> = VecDeque::new();
    let left = |until: Instant| until.saturating_duration_since(Instant::now());
    loop {
        let next = match kept.front() {
            Some((_, until)) => refused.recv_timeout(left(*until)),
            None => refused.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(stream) => {
                kept.push_back((stream, Instant::now() + linger));
                if kept.len() > max {
                    kept.pop_front();
                }
            }
            Err(RecvTimeoutError::Timeout) => drop(kept.pop_front()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for (stream, until) in kept {
        thread::sleep(left(until));
        drop(stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::{SOON, poll};
    use crate::net::WeakStream;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    fn accepted(listener: &TcpListener) -> (TcpStream, Stream) {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        (client, listener.accept().unwrap().0.into())
    }

    #[test]
    fn a_client_that_has_sent_data_can_still_read_the_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = RefusedStreams::start().unwrap();
        for size in [0, 10, 100_000] {
            let (mut client, stream) = accepted(&listener);
            client.write_all(&vec![0; size]).unwrap();
            refused.refuse(stream, &"not today");
            let mut words = String::new();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: not today\n");
        }
    }

    /// Refuses ten clients, and returns handles of the streams.
    fn refuse_ten(refused: &RefusedStreams) -> Vec<WeakStream> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ten = (0..10).map(|_| {
            let (mut client, stream) = accepted(&listener);
            let handle = stream.downgrade();
            refused.refuse(stream, &"full");
            let mut words = String::new();
            client.read_to_string(&mut words).unwrap();
            assert_eq!(words, "error: full\n");
            handle
        });
        ten.collect()
    }

    fn are_closed(streams: &[WeakStream]) -> Option<()> {
        let mut open = streams.iter().filter_map(WeakStream::upgrade);
        open.next().is_none().then_some(())
    }

    #[test]
    fn at_most_max_streams_are_kept() {
        let refused = RefusedStreams::keeping(3, Duration::from_secs(3600)).unwrap();
        let streams = refuse_ten(&refused);
        assert!(poll(SOON, || are_closed(&streams[..7])).is_some());
        assert!(streams[7..].iter().all(|it| it.upgrade().is_some()));
    }

    #[test]
    fn all_streams_are_closed_even_if_the_server_ends_first() {
        let refused = RefusedStreams::start().unwrap();
        let streams = refuse_ten(&refused);
        assert!(poll(SOON, || are_closed(&streams)).is_some());
        let streams = refuse_ten(&refused);
        drop(refused);
        assert!(poll(SOON, || are_closed(&streams)).is_some());
    }
}
