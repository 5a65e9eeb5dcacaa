//! Where a command ends, in a stream that does not say.
//!
//! In the lesson one `recv(1024)` is one command, so a longer one becomes two, the second of its
//! sender's choosing. Here one read still is one command. But a read that may have been cut, because
//! it is long or ends inside a quote, is not taken for the whole: the rest is waited for until
//! nothing more comes, and the connection is closed after the reply, so that what comes still later
//! never runs as a command of its own. What is longer than a command can be is not run at all.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use proto::net::Stream;
use proto::wire::WrongProtocol;
use proto::{is_timeout, retry};

use crate::engine::COMMAND_LIMIT;

/// What fits into one packet of the smallest network in common use arrives whole.
const ONE_PACKET: usize = 1200;
/// How long nothing must come before a longer request is taken to be over.
const QUIET: Duration = Duration::from_millis(50);
/// The same for a request that ends inside a quote, which a command does only by mistake.
const QUIET_IN_QUOTE: Duration = Duration::from_secs(1);
/// How much of a request that is too long is read, to learn its length. One that goes on after that
/// has no end that could be found.
const MAX_COUNTED: usize = 4 << 20;
/// The size of one read.
const STEP: usize = 64 * 1024;

/// What came.
pub enum Received<'a> {
    /// A command, or more than a command can have.
    Request(Request<'a>),
    /// The beginning of another protocol.
    WrongProtocol(WrongProtocol),
    /// The client sends no more.
    End,
    /// The client sends nothing.
    Idle,
    /// A request that goes on and on.
    Endless,
}

/// One request.
pub struct Request<'a> {
    /// The command, or the beginning of one that is too long.
    pub command: &'a [u8],
    /// How many bytes it has.
    pub length: usize,
    /// What comes after it may be the rest of it.
    pub may_be_cut: bool,
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
            Err(error) if is_timeout(&error) => return Ok(Received::Idle),
            Err(error) => return Err(error),
        }
        let began = Instant::now();
        let mut length = self.buffer.len();
        let may_be_cut = length > ONE_PACKET || ends_inside_quote(&self.buffer);
        let mut more = may_be_cut;
        while more {
            if length > MAX_COUNTED || began.elapsed() > self.limit {
                return Ok(Received::Endless);
            }
            let quiet = match ends_inside_quote(&self.buffer) {
                true => QUIET_IN_QUOTE,
                false => QUIET,
            };
            stream.set_read_timeout(Some(quiet))?;
            // Beyond the limit it is only counted.
            self.buffer.truncate(COMMAND_LIMIT);
            match self.read(traced) {
                Ok(count) => {
                    length += count;
                    more = count > 0;
                }
                Err(error) if is_timeout(&error) => more = false,
                Err(error) => return Err(error),
            }
        }
        if let Some(what) = WrongProtocol::of_request(&self.buffer) {
            return Ok(Received::WrongProtocol(what));
        }
        Ok(Received::Request(Request {
            command: &self.buffer,
            length,
            may_be_cut,
        }))
    }

    /// One read, added to the buffer.
    fn read(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        let from = self.buffer.len();
        self.buffer.resize(from + STEP, 0);
        let result = retry(|| stream.read(&mut self.buffer[from..]));
        self.buffer
            .truncate(from + result.as_ref().copied().unwrap_or(0));
        result
    }
}

/// Whether a shell would read on after these bytes for the end of a quote, or for the line after a
/// backslash.
fn ends_inside_quote(command: &[u8]) -> bool {
    let mut quote = None;
    let mut word_begins = true;
    let mut bytes = command.iter();
    while let Some(&byte) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"' | b'`'), b'\\') if bytes.next().is_none() => return true,
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            // A comment, to the end of its line.
            (None, b'#') if word_begins && !bytes.any(|&byte| byte == b'\n') => return false,
            _ => {}
        }
        word_begins = quote.is_none() && byte.is_ascii_whitespace();
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_would_read_on() {
        for command in [
            "echo 'a",
            "echo \"a'b' \\\"",
            "echo `date",
            "a\\",
            "# it's\necho 'b",
        ] {
            assert!(ends_inside_quote(command.as_bytes()), "{command}");
        }
        for command in [
            "echo 'a'",
            "echo \"it's\"",
            "echo \\'",
            "a # it's",
            "a#b",
            "",
        ] {
            assert!(!ends_inside_quote(command.as_bytes()), "{command}");
        }
    }
}
