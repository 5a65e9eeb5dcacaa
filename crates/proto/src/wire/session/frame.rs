//! Reads and writes single frames: a header and its body.

use std::io::{self, Read, Write};

use super::FrameType;
use super::error::SessionError;
use super::seal::{Head, Opener};
use crate::escape::quoted;
use crate::wire::frame;
use crate::wire::header::Header;
use crate::wire::read_full;

/// The longest body of any frame, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;
/// The longest header before authentication, in bytes.
pub const PLAIN_HEADER_LIMIT: usize = 1024;
/// The longest body before authentication, in bytes: a handshake frame needs 64, a refusal is a
/// sentence.
const PLAIN_BODY_LIMIT: usize = 1024;

/// A received frame; after the handshake, an authentic one.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its type.
    pub kind: FrameType,
    /// Its body.
    pub body: &'a [u8],
}

/// Reads frames into reused buffers, which grow to 64 KiB for a header and 64 KiB for a body if
/// frames of that size arrive.
///
/// ```
/// use proto::wire::session::{FrameReader, FrameType, write_plain};
///
/// let mut bytes = Vec::new();
/// write_plain(&mut bytes, FrameType::Error, b"busy")?;
///
/// let mut stream = &bytes[..];
/// let mut reader = FrameReader::default();
/// let frame = reader.read_plain(&mut stream)?.ok_or("closed")?;
/// assert_eq!((frame.kind, frame.body), (FrameType::Error, &b"busy"[..]));
/// assert!(reader.read_plain(&mut stream)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct FrameReader {
    header: Vec<u8>,
    body: Vec<u8>,
}

impl FrameReader {
    /// Reads a frame of the handshake, which has no authentication code. `None` if the peer closed
    /// before the first byte of it.
    ///
    /// # Errors
    ///
    /// [`SessionError`]. A header or a body over 1 KiB is refused before it is read, and a hash is
    /// refused, because there is no key yet. Only `error` may carry one: it is unauthenticated.
    pub fn read_plain(
        &mut self,
        stream: &mut impl Read,
    ) -> Result<Option<Frame<'_>>, SessionError> {
        let Some(header) = self.read(stream, PLAIN_HEADER_LIMIT, PLAIN_BODY_LIMIT)? else {
            return Ok(None);
        };
        let frame = self.frame(&header)?;
        if frame.kind != FrameType::Error && !header.hash.is_empty() {
            return Err(SessionError::HashWithoutKey(frame.kind));
        }
        Ok(Some(frame))
    }

    /// Reads a later frame, and returns it only if its authentication code is right. `None` if the
    /// peer closed before the first byte of it.
    ///
    /// # Errors
    ///
    /// [`SessionError`]. After one, no byte on this connection can be trusted.
    pub fn read_sealed(
        &mut self,
        stream: &mut impl Read,
        opener: &mut Opener,
    ) -> Result<Option<Frame<'_>>, SessionError> {
        let Some(header) = self.read(stream, frame::HEADER_LIMIT, BODY_LIMIT)? else {
            return Ok(None);
        };
        opener.check(&header, &self.body)?;
        Ok(Some(self.frame(&header)?))
    }

    fn read(
        &mut self,
        stream: &mut impl Read,
        header_limit: usize,
        body_limit: usize,
    ) -> Result<Option<Header>, SessionError> {
        if !frame::read(stream, header_limit, &mut self.header)? {
            return Ok(None);
        }
        let header = Header::decode_session(&self.header)?;
        let (length, limit) = (header.total_size, body_limit);
        if length > limit as u64 {
            return Err(SessionError::TooLong { length, limit });
        }
        // At most `body_limit`, so the peer cannot make this allocate more.
        let length = length as usize;
        self.body.resize(length, 0);
        let got = read_full(stream, &mut self.body)?;
        if got < length {
            return Err(SessionError::Short { got, of: length });
        }
        Ok(Some(header))
    }

    fn frame(&self, header: &Header) -> Result<Frame<'_>, SessionError> {
        let kind = FrameType::from_name(&header.filename)
            .ok_or_else(|| SessionError::UnknownType(quoted(header.filename.as_bytes(), 40)))?;
        let body = &self.body;
        Ok(Frame { kind, body })
    }
}

/// Writes a frame of the handshake, in one write. Its body must not exceed 1 KiB, the limit of
/// [`FrameReader::read_plain`].
///
/// # Errors
///
/// Those of the stream.
pub fn write_plain(stream: &mut impl Write, kind: FrameType, body: &[u8]) -> io::Result<()> {
    let head = Head::new(kind, body.len(), &[]);
    stream.write_all(&[head.bytes(), body].concat())
}
