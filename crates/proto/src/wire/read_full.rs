//! Reads a known number of bytes.

use std::io::{self, Read};

use crate::retry;

/// Reads until `buffer` is full or the stream ends, and returns the number of bytes read.
/// (`read_exact` does not tell that number at the end of the stream.)
///
/// # Errors
///
/// Those of the stream, except `Interrupted`, after which it reads on.
///
/// ```
/// let mut buffer = [0; 4];
/// assert_eq!(proto::wire::read_full(&mut &b"ab"[..], &mut buffer)?, 2);
/// assert_eq!(&buffer, b"ab\0\0");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read_full(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match retry(|| stream.read(&mut buffer[filled..]))? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
