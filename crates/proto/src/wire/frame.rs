//! A header with its length before it: four bytes, signed, little-endian.
//!
//! That is `struct.pack('i', n)` on the machines that the lesson ran on. The length comes from a
//! peer, so it is checked before it is used, and nothing is allocated because of it.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use crate::reason;

/// How many bytes stand before a header.
pub const PREFIX: usize = 4;

/// The longest header that anybody sends here, in bytes.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// How much a buffer grows at a time while a header comes in.
const STEP: usize = 4096;

/// Appends the length and the header.
///
/// # Errors
///
/// [`FrameError::TooLong`] for a header over [`HEADER_LIMIT`], and then nothing is appended.
pub fn encode(header: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let too_long = FrameError::TooLong {
        length: i32::try_from(header.len()).unwrap_or(i32::MAX),
        limit: HEADER_LIMIT,
    };
    match i32::try_from(header.len()) {
        Ok(length) if header.len() <= HEADER_LIMIT => {
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(header);
            Ok(())
        }
        _ => Err(too_long),
    }
}

/// Reads one header into `header`; false where the peer closed before the first byte of it.
///
/// However the bytes are cut on their way, they are put together again. After an error the stream
/// is of no more use: where the next frame begins is not known.
///
/// # Errors
///
/// [`FrameError`]. A length over `limit` is refused before a byte of the header is read.
///
/// ```
/// use proto::wire::frame::read;
///
/// let mut header = Vec::new();
/// assert!(read(&mut &b"\x02\0\0\0{}rest"[..], 100, &mut header)?);
/// assert_eq!(header, b"{}");
/// # Ok::<(), proto::wire::frame::FrameError>(())
/// ```
pub fn read(
    stream: &mut impl Read,
    limit: usize,
    header: &mut Vec<u8>,
) -> Result<bool, FrameError> {
    let mut prefix = [0; PREFIX];
    let got = fill(stream, &mut prefix).map_err(FrameError::Io)?;
    if got == 0 {
        return Ok(false);
    }
    if got < PREFIX {
        return Err(FrameError::Short { got, of: PREFIX });
    }
    let length = i32::from_le_bytes(prefix);
    let wanted = match usize::try_from(length) {
        Ok(0) => return Err(FrameError::Empty),
        Ok(wanted) if wanted <= limit => wanted,
        _ => return Err(refused(prefix, limit)),
    };
    header.clear();
    while header.len() < wanted {
        let from = header.len();
        header.resize(wanted.min(from + STEP), 0);
        let got = fill(stream, &mut header[from..]).map_err(FrameError::Io)?;
        if from + got < header.len() {
            let got = from + got;
            return Err(FrameError::Short { got, of: wanted });
        }
    }
    Ok(true)
}

/// Reads until `buffer` is full or the stream ends; how many bytes came.
///
/// # Errors
///
/// Those of the stream, but for `Interrupted`.
pub fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The most likely reason for an impossible length is a program of another protocol.
fn refused(prefix: [u8; PREFIX], limit: usize) -> FrameError {
    let speaker = match &prefix {
        b"GET " | b"POST" | b"HEAD" | b"PUT " | b"DELE" | b"OPTI" | b"PATC" | b"CONN" | b"TRAC"
        | b"PRI " => Some(Foreign::HttpRequest),
        b"HTTP" => Some(Foreign::HttpResponse),
        b"SSH-" => Some(Foreign::Ssh),
        [0x16, 0x03, ..] => Some(Foreign::Tls),
        _ => None,
    };
    let length = i32::from_le_bytes(prefix);
    match speaker {
        Some(speaker) => FrameError::Foreign { speaker, prefix },
        None if length < 0 => FrameError::Negative { length, prefix },
        None => FrameError::TooLong { length, limit },
    }
}

/// Who speaks, judging by the first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// An HTTP client.
    HttpRequest,
    /// An HTTP server.
    HttpResponse,
    /// An ssh client or server.
    Ssh,
    /// A TLS client.
    Tls,
}

/// What came is not a frame, or not a whole one.
#[derive(Debug)]
pub enum FrameError {
    /// The stream failed: a timeout, a reset.
    Io(io::Error),
    /// The peer closed in the middle.
    Short {
        /// How many bytes had come.
        got: usize,
        /// How many there should have been.
        of: usize,
    },
    /// The length is below zero.
    Negative {
        /// It.
        length: i32,
        /// The bytes that were taken for it.
        prefix: [u8; PREFIX],
    },
    /// The length is zero.
    Empty,
    /// The length is over the limit.
    TooLong {
        /// It.
        length: i32,
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// The four bytes are no length but the beginning of another protocol.
    Foreign {
        /// Whose.
        speaker: Foreign,
        /// The four bytes.
        prefix: [u8; PREFIX],
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => f.write_str(&reason(error)),
            Self::Short { got, of } => write!(f, "got {got} of {of} bytes of a header"),
            Self::Negative { length, .. } => write!(f, "header length {length} is negative"),
            Self::Empty => f.write_str("header is empty"),
            Self::TooLong { length, limit } => {
                write!(f, "header length {length} exceeds {limit}")
            }
            Self::Foreign { speaker, .. } => f.write_str(match speaker {
                Foreign::HttpRequest => {
                    "this looks like an HTTP request; this port does not speak HTTP"
                }
                Foreign::HttpResponse => "this looks like the answer of an HTTP server",
                Foreign::Ssh => "this looks like ssh; this port does not speak ssh",
                Foreign::Tls => "this looks like TLS; this port does not speak TLS",
            }),
        }
    }
}

impl std::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that gives at most so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buf.len());
            self.0.read(&mut buf[..count])
        }
    }

    fn framed(header: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(header, &mut out).unwrap();
        out
    }

    fn error(bytes: &[u8], limit: usize) -> String {
        let mut header = Vec::new();
        read(&mut &*bytes, limit, &mut header)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn however_it_is_cut_it_is_put_together() {
        let long = vec![b'x'; 10_000];
        for header in [&b"{}"[..], b"x", &long] {
            let bytes = framed(header);
            for step in [1, 2, 3, 5, 4096, 100_000] {
                let mut got = Vec::new();
                assert!(read(&mut Slow(&bytes, step), HEADER_LIMIT, &mut got).unwrap());
                assert_eq!(got, header);
            }
        }
    }

    #[test]
    fn an_end_in_the_middle_says_how_much_there_was() {
        let bytes = framed(b"{\"a\": 1}");
        let mut header = Vec::new();
        assert!(!read(&mut &b""[..], 100, &mut header).unwrap());
        for cut in 1..bytes.len() {
            let (got, of) = if cut < 4 { (cut, 4) } else { (cut - 4, 8) };
            let text = format!("got {got} of {of} bytes of a header");
            assert_eq!(error(&bytes[..cut], 100), text);
        }
    }

    #[test]
    fn lengths_are_checked_before_they_are_used() {
        for (length, text) in [
            (-1, "header length -1 is negative"),
            (i32::MIN, "header length -2147483648 is negative"),
            (0, "header is empty"),
            (i32::MAX, "header length 2147483647 exceeds 65536"),
            (65_537, "header length 65537 exceeds 65536"),
        ] {
            assert_eq!(error(&i32::to_le_bytes(length), HEADER_LIMIT), text);
        }
        let most = vec![b'x'; HEADER_LIMIT];
        let mut header = Vec::new();
        assert!(read(&mut &framed(&most)[..], HEADER_LIMIT, &mut header).unwrap());
        assert!(encode(&vec![b'x'; HEADER_LIMIT + 1], &mut Vec::new()).is_err());
    }

    #[test]
    fn programs_of_other_protocols_are_known_by_their_first_bytes() {
        for (bytes, word) in [
            (&b"GET / HTTP/1.1"[..], "HTTP request"),
            (b"POST / HTTP/1.1", "HTTP request"),
            (b"HEAD / HTTP/1.1", "HTTP request"),
            (b"OPTIONS * HTTP/1.1", "HTTP request"),
            (b"HTTP/1.1 400 Bad", "HTTP server"),
            (b"SSH-2.0-x", "ssh"),
            (b"\x16\x03\x01\x02\x00", "TLS"),
        ] {
            assert!(error(bytes, HEADER_LIMIT).contains(word));
        }
    }

    #[test]
    fn a_stream_that_fails_fails_the_frame() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::ConnectionReset.into())
            }
        }
        let failed = read(&mut Broken, 100, &mut Vec::new()).unwrap_err();
        assert_eq!(failed.to_string(), "connection reset");
    }
}
