//! Reports the system calls on a stream.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};

use crate::escape::repr;
use crate::reason;

/// How many bytes of a message a trace line shows.
const SHOWN: usize = 64;

/// Which call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A read: `recv`.
    Recv,
    /// A write: `send`.
    Send,
    /// A datagram received: `recvfrom`.
    RecvFrom,
    /// A datagram sent: `sendto`.
    SendTo,
}

/// One call and its result. Shown as `recv(1024) = 5 b'hello'`.
#[derive(Debug)]
pub struct TraceEvent<'a> {
    /// Which call.
    pub call: Call,
    /// The length of the buffer.
    pub asked: usize,
    /// The number of bytes received or sent, or the error.
    pub result: Result<usize, &'a io::Error>,
    /// The buffer, which begins with the bytes received or sent; for a write of several parts, the
    /// first.
    pub bytes: &'a [u8],
}

impl fmt::Display for TraceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.call {
            Call::Recv => "recv",
            Call::Send => "send",
            Call::RecvFrom => "recvfrom",
            Call::SendTo => "sendto",
        };
        write!(f, "{name}({}) ", self.asked)?;
        match self.result {
            Ok(0) if self.call == Call::Recv && self.asked > 0 => f.write_str("= 0 end of stream"),
            Ok(count) => {
                let bytes = &self.bytes[..count.min(self.bytes.len())];
                write!(f, "= {count} {}", repr(bytes, SHOWN))
            }
            Err(error) => write!(f, "failed: {}", reason(error)),
        }
    }
}

/// A stream that reports each of its reads and writes to `watch`.
///
/// Put it *under* any buffering, so that it shows the real `recv` and `send` calls.
///
/// ```
/// use std::io::Read;
/// use proto::net::Trace;
///
/// let mut seen = Vec::new();
/// let mut stream = Trace::new(&b"hello"[..], |event| seen.push(event.to_string()));
/// stream.read(&mut [0; 4])?;
/// drop(stream);
/// assert_eq!(seen, ["recv(4) = 4 b'hell'"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Trace<S, W> {
    stream: S,
    watch: W,
}

impl<S, W: FnMut(&TraceEvent<'_>)> Trace<S, W> {
    /// Watches `stream`.
    pub fn new(stream: S, watch: W) -> Self {
        Self { stream, watch }
    }

    fn report(&mut self, call: Call, asked: usize, bytes: &[u8], result: &io::Result<usize>) {
        (self.watch)(&TraceEvent {
            call,
            asked,
            result: result.as_ref().copied(),
            bytes,
        });
    }
}

impl<S: Read, W: FnMut(&TraceEvent<'_>)> Read for Trace<S, W> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let result = self.stream.read(buf);
        self.report(Call::Recv, buf.len(), buf, &result);
        result
    }
}

impl<S: Write, W: FnMut(&TraceEvent<'_>)> Write for Trace<S, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let result = self.stream.write(buf);
        self.report(Call::Send, buf.len(), buf, &result);
        result
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let result = self.stream.write_vectored(parts);
        let asked = parts.iter().map(|part| part.len()).sum();
        let first = parts.first().map_or(&[][..], |part| part);
        self.report(Call::Send, asked, first, &result);
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn shown(call: Call, asked: usize, result: Result<&[u8], &io::Error>) -> String {
        TraceEvent {
            call,
            asked,
            result: result.map(<[u8]>::len),
            bytes: result.unwrap_or_default(),
        }
        .to_string()
    }

    #[test]
    fn a_line_shows_the_call_and_the_bytes() {
        assert_eq!(shown(Call::Send, 2, Ok(b"a\n")), r"send(2) = 2 b'a\n'");
        assert_eq!(shown(Call::Recv, 9, Ok(b"")), "recv(9) = 0 end of stream");
        // An empty datagram is a message, not an end of stream.
        assert_eq!(shown(Call::RecvFrom, 9, Ok(b"")), "recvfrom(9) = 0 b''");
        assert_eq!(shown(Call::SendTo, 1, Ok(b"A")), "sendto(1) = 1 b'A'");
        let error = io::Error::from(ErrorKind::ConnectionReset);
        assert_eq!(
            shown(Call::Recv, 9, Err(&error)),
            "recv(9) failed: connection reset"
        );
        let long = [b'x'; 1000];
        let line = shown(Call::Recv, 1000, Ok(&long));
        assert!(line.ends_with("x'...") && line.len() < 100, "{line}");
    }

    #[test]
    fn a_short_write_shows_the_bytes_sent() {
        let mut room = [0; 3];
        let mut seen = String::new();
        let watch = |event: &TraceEvent<'_>| seen = event.to_string();
        assert_eq!(Trace::new(&mut room[..], watch).write(b"hello").unwrap(), 3);
        assert_eq!(seen, "send(5) = 3 b'hel'");
    }

    #[test]
    fn a_write_of_several_parts_is_one_call() {
        let mut seen = String::new();
        let watch = |event: &TraceEvent<'_>| seen = event.to_string();
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
        let mut stream = Trace::new(Vec::new(), watch);
        assert_eq!(stream.write_vectored(&parts).unwrap(), 3);
        assert_eq!(seen, "send(3) = 3 b'ab'");
    }
}
