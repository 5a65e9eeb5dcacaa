//! One type for connected TCP and Unix-domain streams.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::unix::UnixStream;
use crate::sync::lock;

/// A connected byte stream: Python's connected `socket` object.
///
/// Like std's streams it reads and writes through `&Stream`, too, so that one thread can read
/// while another writes. A clone is the same connection, not a second descriptor; dropping the last
/// one closes it.
#[derive(Clone, Debug)]
pub struct Stream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    socket: Socket,
    input: Mutex<Input>,
}

#[derive(Debug, Default)]
struct Input {
    holds: usize,
    /// Whether the input ends once no hold is left.
    ends: bool,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls the same method on either kind of stream.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match &$stream.0.socket {
            Socket::Tcp($inner) => $call,
            Socket::Unix($inner) => $call,
        }
    };
}

impl Stream {
    fn new(socket: Socket) -> Self {
        Self(Arc::new(Inner {
            socket,
            input: Mutex::default(),
        }))
    }

    pub(super) fn unix(stream: UnixStream) -> Self {
        Self::new(Socket::Unix(stream))
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.0.socket
    }

    /// Sends every write at once instead of waiting for the acknowledgement of the previous one
    /// (`TCP_NODELAY`). It does nothing for a Unix-domain stream, which never waits.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt`; they mean that the connection is gone.
    pub fn set_nodelay(&self) -> io::Result<()> {
        match self.socket() {
            Socket::Tcp(tcp) => tcp.set_nodelay(true),
            Socket::Unix(_) => Ok(()),
        }
    }

    /// How long one read may wait; `None` is for ever. Python: `settimeout`, for reads only.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a zero duration.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        either!(self, s => s.set_read_timeout(limit))
    }

    /// How long one write may wait for room; `None` is for ever.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a zero duration.
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        either!(self, s => s.set_write_timeout(limit))
    }

    /// Makes reads and writes return `WouldBlock` at once instead of waiting.
    ///
    /// # Errors
    ///
    /// Those of the system call.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        either!(self, s => s.set_nonblocking(on))
    }

    /// The socket's pending error, such as a reset that no call has returned yet. Python:
    /// `getsockopt(SOL_SOCKET, SO_ERROR)`.
    ///
    /// # Errors
    ///
    /// Those of the system call.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        either!(self, s => s.take_error())
    }

    /// Ends one direction or both without closing the socket. Python: `shutdown`.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the peer is already gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        either!(self, s => s.shutdown(how))
    }

    /// Ends the input: reads return what has arrived, and then the end of the stream. A server that
    /// stops asks its handlers in this way to finish. Sending is not affected.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::{TcpListener, TcpStream};
    /// use proto::net::Stream;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut peer = TcpStream::connect(listener.local_addr()?)?;
    /// let mut ours = Stream::from(listener.accept()?.0);
    /// peer.write_all(b"hello")?;
    /// ours.end_input();
    /// let mut came = Vec::new();
    /// ours.read_to_end(&mut came)?;
    /// assert_eq!(came, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn end_input(&self) {
        self.change_input(|input| input.ends = true);
    }

    /// Defers [`end_input`](Self::end_input) until the hold is dropped, for a handler that still
    /// has to notice when its client leaves.
    pub fn hold_input(&self) -> InputHold {
        self.change_input(|input| input.holds += 1);
        InputHold(self.clone())
    }

    fn change_input(&self, change: impl FnOnce(&mut Input)) {
        let mut input = lock(&self.0.input);
        change(&mut input);
        if input.ends && input.holds == 0 {
            // If it fails, the peer is gone, and reads end anyway.
            let _ = self.shutdown(Shutdown::Read);
        }
    }

    /// A handle that does not keep the connection open.
    pub fn downgrade(&self) -> WeakStream {
        WeakStream(Arc::downgrade(&self.0))
    }
}

/// Defers the end of the input while it exists; see [`Stream::hold_input`].
#[derive(Debug)]
pub struct InputHold(Stream);

impl Drop for InputHold {
    fn drop(&mut self) {
        self.0.change_input(|input| input.holds -= 1);
    }
}

/// A handle that does not keep the connection open.
#[derive(Debug)]
pub struct WeakStream(Weak<Inner>);

impl WeakStream {
    /// The stream, if the connection is still open.
    pub fn upgrade(&self) -> Option<Stream> {
        self.0.upgrade().map(Stream)
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::new(Socket::Tcp(stream))
    }
}

impl Read for &Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        either!(self, s => { let mut s = s; s.read(buf) })
    }
}

impl Write for &Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        either!(self, s => { let mut s = s; s.write(buf) })
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        either!(self, s => { let mut s = s; s.write_vectored(parts) })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The client of an accepted connection: Python's `client_address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The peer address of a TCP connection.
    Address(SocketAddr),
    /// A Unix-domain client has no address; it gets a number, counted from 1 by its listener.
    Unix(u64),
}

impl Peer {
    /// The IP address; a Unix-domain client has none.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unix(number) => write!(f, "unix#{number}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Two ends of a connection, on every system.
    pub fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0.into(), theirs)
    }

    #[test]
    fn input_ends_when_no_hold_is_left() {
        let (stream, _peer) = pair();
        stream.set_nonblocking(true).unwrap();
        let has_ended = || match (&stream).read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        drop(stream.hold_input());
        assert!(!has_ended(), "nothing has ended it");
        let holds = (stream.hold_input(), stream.hold_input());
        stream.end_input();
        assert!(!has_ended());
        drop(holds.0);
        assert!(!has_ended());
        drop(holds.1);
        assert!(has_ended());
    }

    #[test]
    fn small_writes_need_not_wait_for_each_other() {
        let (ours, _peer) = pair();
        ours.set_nodelay().unwrap();
        assert!(matches!(ours.socket(), Socket::Tcp(tcp) if tcp.nodelay().unwrap()));
    }
}
