//! One deadline for many reads and writes.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::stream::Stream;
use crate::is_timeout;

/// A stream whose reads and writes share one deadline.
///
/// A read timeout starts again with every byte, so a peer that sends a byte now and then never
/// exceeds it. Use a deadline for what must be *over* by some time, such as a handshake. It costs
/// one more system call for each read and write, so do not use it for a connection's steady state.
///
/// After the deadline every call fails with `TimedOut`. The stream's own timeouts are overwritten.
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
/// use proto::net::{DeadlineStream, Stream};
///
/// let (ours, _theirs) = UnixStream::pair()?;
/// let ours = Stream::from(ours);
/// let mut reader = DeadlineStream::after(&ours, Duration::from_millis(10));
/// let error = reader.read_exact(&mut [0; 4]).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TimedOut);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct DeadlineStream<'a> {
    stream: &'a Stream,
    at: Option<Instant>,
}

impl<'a> DeadlineStream<'a> {
    /// The deadline is `limit` from now. There is no deadline if `limit` is too long for the clock.
    pub fn after(stream: &'a Stream, limit: Duration) -> Self {
        Self {
            stream,
            at: Instant::now().checked_add(limit),
        }
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(at) = self.at else { return Ok(None) };
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

/// A socket timeout is `WouldBlock` on Unix; here it means that the deadline has passed.
fn timed_out(error: io::Error) -> io::Error {
    match is_timeout(&error) {
        true => ErrorKind::TimedOut.into(),
        false => error,
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        (&mut &*self.stream).read(buf).map_err(timed_out)
    }
}

impl Write for DeadlineStream<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        (&mut &*self.stream).write(buf).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::tests::pair;
    use super::*;

    #[test]
    fn writing_to_a_peer_that_reads_nothing_times_out() {
        let (ours, _theirs) = pair();
        let (done, result) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut stream = DeadlineStream::after(&ours, Duration::from_millis(50));
            let piece = [0; 64 * 1024];
            let kind = loop {
                if let Err(error) = stream.write(&piece) {
                    break error.kind();
                }
            };
            done.send(kind)
        });
        let kind = result.recv_timeout(Duration::from_secs(10));
        assert_eq!(kind, Ok(ErrorKind::TimedOut));
    }

    #[test]
    fn arriving_bytes_do_not_extend_the_deadline() {
        let (ours, mut theirs) = pair();
        let feeder = std::thread::spawn(move || {
            // Ends with an error once the reader has gone.
            while theirs.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut reader = DeadlineStream::after(&ours, Duration::from_millis(100));
        let mut buf = [0; 1_000_000];
        let error = reader.read_exact(&mut buf).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop(ours);
        feeder.join().unwrap();
    }

    #[test]
    fn reads_and_writes_before_it_succeed() {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"x").unwrap();
        let mut stream = DeadlineStream::after(&ours, Duration::from_secs(60));
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 1);
        assert_eq!(stream.write(b"xy").unwrap(), 2);
    }

    #[test]
    fn a_silent_peer_times_out_and_a_limit_too_long_sets_no_deadline() {
        let (ours, _theirs) = pair();
        let mut reader = DeadlineStream::after(&ours, Duration::from_millis(10));
        let error = reader.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(
            DeadlineStream::after(&ours, Duration::MAX)
                .left()
                .unwrap()
                .is_none()
        );
    }
}
