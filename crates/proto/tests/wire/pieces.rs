//! A stream whose reads return as many bytes as a test wants.

use std::io::{self, ErrorKind, Read};

/// A stream that returns its bytes in pieces. For each read, `size` gets the number of bytes read
/// so far and returns the most that this read may return; 0 makes a read that a signal interrupts.
pub struct Pieces<'a, F> {
    bytes: &'a [u8],
    given: usize,
    size: F,
    most_asked: usize,
}

impl<'a, F: FnMut(usize) -> usize> Pieces<'a, F> {
    pub fn new(bytes: &'a [u8], size: F) -> Self {
        Self {
            bytes,
            given: 0,
            size,
            most_asked: 0,
        }
    }

    /// How many bytes were read.
    pub fn given(&self) -> usize {
        self.given
    }

    /// The length of the longest buffer that was passed to a read: an upper bound for memory that
    /// was allocated ahead of the bytes.
    pub fn most_asked(&self) -> usize {
        self.most_asked
    }
}

/// A stream that returns all its bytes in one read.
pub fn whole(bytes: &[u8]) -> Pieces<'_, impl FnMut(usize) -> usize> {
    Pieces::new(bytes, |_| usize::MAX)
}

/// A stream whose pieces end at these places, which must be in order.
pub fn cut_at<'a>(bytes: &'a [u8], places: &'a [usize]) -> Pieces<'a, impl FnMut(usize) -> usize> {
    Pieces::new(bytes, |given| {
        let next = places.iter().find(|place| **place > given);
        next.map_or(usize::MAX, |place| place - given)
    })
}

impl<F: FnMut(usize) -> usize> Read for Pieces<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.most_asked = self.most_asked.max(buf.len());
        let size = (self.size)(self.given);
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let rest = &self.bytes[self.given..];
        let count = size.min(buf.len()).min(rest.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}
