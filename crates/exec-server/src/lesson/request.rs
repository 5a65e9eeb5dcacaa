//! Where a command ends, in a stream that does not say.
//!
//! In the lesson one `recv(1024)` is one command, so a longer one becomes two, the second of its
//! sender's choosing. Here one read still is one command, but a read that may have been cut by the
//! network is not taken for the whole: the rest is waited for until nothing more comes. What is
//! longer than a command can be is not run at all, not even in part.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use proto::net::Stream;
use proto::wire::frame::Foreign;

use crate::engine::COMMAND_LIMIT;
use crate::foreign;

/// What fits into one packet of the smallest network in common use arrives whole.
const ONE_PACKET: usize = 1200;
/// How long nothing must come before a longer request is taken to be over.
const QUIET: Duration = Duration::from_millis(50);
/// How much of a request that is too long is read, to learn its length. One that goes on after that
/// has no end that could be found, and what comes next in its stream must not pass for a command.
const MOST: usize = 4 << 20;
/// The size of one read.
const STEP: usize = 64 * 1024;

/// What came.
pub enum Received<'a> {
    /// A command.
    Command(&'a [u8]),
    /// More than a command can have: so many bytes, as far as they were counted.
    TooLong(usize),
    /// The beginning of another protocol.
    Foreign(Foreign),
    /// The client sends no more.
    End,
    /// The client sends nothing.
    Idle,
    /// A request that goes on and on.
    Endless,
}

/// Reads requests, with a buffer that is used again.
pub struct Requests {
    buffer: Vec<u8>,
    limit: Duration,
}

impl Requests {
    /// From its first byte to its last, a request may take so long in all.
    pub fn within(limit: Duration) -> Self {
        Self {
            buffer: Vec::new(),
            limit,
        }
    }

    /// Waits for the next request, as long as the stream's own timeout allows. `traced` reads what
    /// comes over `stream`, whose read timeout may be another one afterwards.
    pub fn receive(&mut self, traced: &mut impl Read, stream: &Stream) -> io::Result<Received<'_>> {
        self.buffer.clear();
        match self.read(traced) {
            Ok(0) => return Ok(Received::End),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Idle),
            Err(error) => return Err(error),
        }
        if let Some(what) = foreign::speaker(&self.buffer) {
            return Ok(Received::Foreign(what));
        }
        let began = Instant::now();
        let mut length = self.buffer.len();
        if length > ONE_PACKET {
            stream.set_read_timeout(Some(QUIET))?;
            loop {
                if length > MOST || began.elapsed() > self.limit {
                    return Ok(Received::Endless);
                }
                // Beyond the limit it is only counted.
                self.buffer.truncate(COMMAND_LIMIT);
                match self.read(traced) {
                    Ok(0) => break,
                    Ok(count) => length += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        if length > COMMAND_LIMIT {
            return Ok(Received::TooLong(length));
        }
        Ok(Received::Command(&self.buffer))
    }

    /// One read, added to the buffer.
    fn read(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        let from = self.buffer.len();
        self.buffer.resize(from + STEP, 0);
        loop {
            let result = stream.read(&mut self.buffer[from..]);
            if matches!(&result, Err(error) if error.kind() == ErrorKind::Interrupted) {
                continue;
            }
            self.buffer
                .truncate(from + result.as_ref().copied().unwrap_or(0));
            return result;
        }
    }
}
