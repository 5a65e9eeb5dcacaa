//! A connected stream, TCP or Unix-domain, behind one type.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A connected byte stream: Python's connected `socket` object.
///
/// Like std's streams it reads and writes through `&Stream`, too, so that one thread can read
/// while another writes. Dropping it closes the connection.
#[derive(Debug)]
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A Unix-domain connection.
    Unix(UnixStream),
}

/// Calls the same method on whichever stream it is.
macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            Stream::Unix($inner) => $call,
        }
    };
}

impl Stream {
    /// Sends every write at once instead of waiting for an acknowledgement of the one before
    /// (`TCP_NODELAY`). A Unix-domain stream never waits, so there it does nothing.
    ///
    /// # Errors
    ///
    /// Those of `setsockopt`; they mean that the connection is gone.
    pub fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.set_nodelay(true),
            Self::Unix(_) => Ok(()),
        }
    }

    /// How long one read may wait; `None` is for ever. Python: `settimeout`, for reads alone.
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

    /// Makes reads and writes return at once with `WouldBlock` where they would wait.
    ///
    /// # Errors
    ///
    /// Those of the system call.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        either!(self, s => s.set_nonblocking(on))
    }

    /// The error that the system has noted and no call has given yet, such as a reset. Python:
    /// `getsockopt(SOL_SOCKET, SO_ERROR)`.
    ///
    /// # Errors
    ///
    /// Those of the system call.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        either!(self, s => s.take_error())
    }

    /// Ends one direction or both while the stream is still held. Python: `shutdown`.
    ///
    /// # Errors
    ///
    /// `NotConnected` where the peer has gone already.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        either!(self, s => s.shutdown(how))
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
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

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Who is at the other end of an accepted connection: Python's `client_address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The peer address of a TCP connection.
    Address(SocketAddr),
    /// A Unix-domain client has no address; it gets a number, counted from 1 by its listener.
    Unix(u64),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unix(number) => write!(f, "unix#{number}"),
        }
    }
}
