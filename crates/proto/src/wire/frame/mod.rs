//! Frames a header by its length: four bytes, signed, little-endian.
//!
//! | Python | here |
//! |---|---|
//! | `conn.sendall(struct.pack('i', len(header)) + header)` | [`write()`], in one `write_all` |
//! | `struct.unpack('i', conn.recv(4))`, then `conn.recv(n)` | [`read`], which also accepts split bytes |
//!
//! `'i'` is little-endian on the machines that the lesson ran on. The length comes from a peer, so
//! it is checked before it is used, and the buffer grows only with the bytes that arrive.

mod error;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};

pub use self::error::FrameError;
use self::error::refused;
use crate::wire::read_full;

/// The size of the length before a header, in bytes. Python: `struct.calcsize('i')`.
pub const PREFIX: usize = 4;

/// The longest header that [`encode`] accepts, in bytes. A reader may set a lower limit.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// How many bytes a buffer grows at a time while a header arrives.
const STEP: usize = 4096;

/// Appends the length and the header. Python: `struct.pack('<i', len(header)) + header`.
///
/// # Errors
///
/// [`FrameError::Empty`] for an empty header, which no reader accepts, and [`FrameError::TooLong`]
/// for one over [`HEADER_LIMIT`]. Nothing is appended then.
///
/// ```
/// use proto::wire::frame::encode;
///
/// let mut bytes = Vec::new();
/// encode(b"{}", &mut bytes)?;
/// assert_eq!(bytes, b"\x02\0\0\0{}");
/// # Ok::<(), proto::wire::frame::FrameError>(())
/// ```
pub fn encode(header: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    if header.is_empty() {
        return Err(FrameError::Empty);
    }
    let limit = HEADER_LIMIT;
    let length = i32::try_from(header.len()).unwrap_or(i32::MAX);
    if header.len() > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(header);
    Ok(())
}

/// Sends the length and the header in one write.
///
/// # Errors
///
/// Those of [`encode`], and [`FrameError::Io`].
///
/// ```
/// let mut stream = Vec::new();
/// proto::wire::frame::write(&mut stream, b"{}")?;
/// assert_eq!(stream, b"\x02\0\0\0{}");
/// # Ok::<(), proto::wire::frame::FrameError>(())
/// ```
pub fn write(stream: &mut impl Write, header: &[u8]) -> Result<(), FrameError> {
    let mut bytes = Vec::new();
    encode(header, &mut bytes)?;
    Ok(stream.write_all(&bytes)?)
}

/// Reads one header into `header`. Returns false if the peer closed before the first byte of it.
///
/// It does not matter how the network splits the bytes. Do not read from the stream after an error:
/// the beginning of the next frame is not known.
///
/// # Errors
///
/// [`FrameError`]. A length under 1 or over `limit` bytes is refused before a byte of the header is
/// read. For a deadline pass a `net::DeadlineStream`; its error becomes [`FrameError::Io`].
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
    let got = read_full(stream, &mut prefix)?;
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
        let got = read_full(stream, &mut header[from..])?;
        if from + got < header.len() {
            let got = from + got;
            return Err(FrameError::Short { got, of: wanted });
        }
    }
    Ok(true)
}
