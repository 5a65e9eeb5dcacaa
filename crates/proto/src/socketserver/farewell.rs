//! Turning a caller away so that it can read why.
//!
//! Closing at once would not do: where the caller has sent something that was never read, the
//! system answers with a reset, and a reset throws away the words that were on their way. So the
//! words are followed by an end of stream, and what the caller still sends is read for a moment.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::server::STACK_SIZE;
use crate::net::{Deadline, Stream};

/// How long a caller that is turned away is listened to.
const LINGER: Duration = Duration::from_millis(500);
/// How much of what it sends is read.
const MOST: usize = 64 * 1024;
/// How many are being turned away at once; one more is closed without waiting for it.
const CALLERS: usize = 256;
/// How often those being turned away are looked at.
const TICK: Duration = Duration::from_millis(5);

/// Sends `error: WORDS` as the last line of a connection, and waits until the caller has read it,
/// as [`linger`] does. Then drop the stream.
///
/// It blocks; a server's accept loop leaves this to a thread of its own.
///
/// ```
/// use std::io::Read;
/// use std::os::unix::net::UnixStream;
/// use proto::net::Stream;
/// use proto::socketserver::turn_away;
///
/// let (ours, mut caller) = UnixStream::pair()?;
/// let leaving = std::thread::spawn(move || turn_away(&Stream::from(ours), "come back tomorrow"));
/// let mut words = String::new();
/// caller.read_to_string(&mut words)?;
/// assert_eq!(words, "error: come back tomorrow\n");
/// # drop(caller);
/// # let _ = leaving.join();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn turn_away(stream: &Stream, words: &str) {
    let line = format!("error: {words}\n");
    // Where it fails, the caller has gone.
    if Deadline::after(stream, LINGER)
        .write_all(line.as_bytes())
        .is_ok()
    {
        linger(stream);
    }
}

/// Ends what is sent and reads on, so that the caller can read the last words before the stream is
/// dropped: until it closes, sends more than 64 KiB, or half a second passes.
pub fn linger(stream: &Stream) {
    // Whatever fails here, the caller has gone.
    if stream.shutdown(Shutdown::Write).is_ok() {
        let rest = Deadline::after(stream, LINGER);
        let _ = io::copy(&mut rest.take(MOST as u64), &mut io::sink());
    }
}

/// One thread that turns any number of callers away, started before it is needed: the system may
/// have no thread left then.
#[derive(Debug)]
pub(super) struct Farewell {
    callers: SyncSender<Leaving>,
}

#[derive(Debug)]
struct Leaving {
    stream: Stream,
    until: Instant,
    read: usize,
}

impl Farewell {
    pub(super) fn start() -> io::Result<Self> {
        let (callers, inbox) = mpsc::sync_channel(CALLERS);
        thread::Builder::new()
            .name("turn-away".into())
            .stack_size(STACK_SIZE)
            .spawn(move || attend(&inbox))?;
        Ok(Self { callers })
    }

    /// Never waits: the words fit into a fresh connection's buffer, and the rest is the thread's.
    pub(super) fn say(&self, stream: Stream, words: &str) {
        let said = stream
            .set_nonblocking(true)
            .and_then(|()| (&stream).write_all(format!("error: {words}\n").as_bytes()))
            .and_then(|()| stream.shutdown(Shutdown::Write));
        if said.is_ok() {
            let until = Instant::now() + LINGER;
            // Where the inbox is full the stream is dropped here, which closes it.
            let _ = self.callers.try_send(Leaving {
                stream,
                until,
                read: 0,
            });
        }
    }
}

/// Ends when the server is gone and the last caller has left.
fn attend(inbox: &Receiver<Leaving>) {
    let mut leaving: Vec<Leaving> = Vec::new();
    loop {
        let next = if leaving.is_empty() {
            inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            inbox.recv_timeout(TICK)
        };
        match next {
            Ok(caller) if leaving.len() < CALLERS => leaving.push(caller),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if leaving.is_empty() => return,
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
        }
        leaving.retain_mut(still_there);
    }
}

fn still_there(caller: &mut Leaving) -> bool {
    let mut scrap = [0; 4096];
    loop {
        match (&caller.stream).read(&mut scrap) {
            Ok(0) => return false,
            Ok(count) => caller.read += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Instant::now() < caller.until;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
        if caller.read >= MOST {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_caller_is_heard_until_it_leaves_or_has_sent_too_much() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (callers, inbox) = mpsc::sync_channel(CALLERS);
        let farewell = Farewell { callers };
        let refused = || {
            let caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            farewell.say(listener.accept().unwrap().0.into(), "not today");
            let mut leaving = inbox.try_recv().unwrap();
            leaving.until += Duration::from_secs(3600);
            (caller, leaving)
        };

        let (mut caller, mut leaving) = refused();
        // What it sends is taken, so it meets no reset before it comes to read the words.
        caller.write_all(b"hello").unwrap();
        while leaving.read < b"hello".len() {
            assert!(still_there(&mut leaving));
        }
        let mut words = String::new();
        caller.read_to_string(&mut words).unwrap();
        assert_eq!(words, "error: not today\n");
        drop(caller);
        while still_there(&mut leaving) {}

        let (mut caller, mut leaving) = refused();
        let sending = thread::spawn(move || caller.write_all(&vec![0; 2 * MOST]));
        while still_there(&mut leaving) {}
        assert!(leaving.read >= MOST && leaving.read < 2 * MOST);
        drop(leaving);
        let _ = sending.join().unwrap();
    }
}
