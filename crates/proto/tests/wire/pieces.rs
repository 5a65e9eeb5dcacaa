//! A stream whose reads give as much as a test wants.

use std::io::{self, ErrorKind, Read};

/// Gives its bytes in pieces. Before each read `size` is told how many bytes were given so far, and
/// says how many may come now at most; 0 stands for a read that a signal interrupts, which a reader
/// has to try again.
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

    /// The longest buffer that a read was given: no more memory than that can have been waiting for
    /// bytes that had not come.
    pub fn most_asked(&self) -> usize {
        self.most_asked
    }
}

/// All that is there, in one read.
pub fn whole(bytes: &[u8]) -> Pieces<'_, impl FnMut(usize) -> usize> {
    Pieces::new(bytes, |_| usize::MAX)
}

/// Pieces that end at each of these places, which are in order.
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
