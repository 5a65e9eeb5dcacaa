//! Finds the end of a command in a stream without boundaries.
//!
//! In the lesson one `recv(1024)` is one command, so a longer command becomes two, and its sender
//! controls the second. Here one read is still one command. But a read that may be incomplete,
//! because it is long or ends inside a quote, is not taken for the whole: the server waits for more
//! until the client is quiet, and closes the connection after the reply, so that later bytes never
//! run as a command. A request that is longer than a command can be is not run.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use proto::wire::WrongProtocol;
use proto::{is_timeout, retry};

use crate::client::Client;
use crate::close_reason::CloseReason;
use crate::engine::COMMAND_LIMIT;

/// A request that fits into one packet of common networks arrives whole.
const ONE_PACKET: usize = 1200;
/// A longer request ends when no bytes arrive for this time.
const QUIET: Duration = Duration::from_millis(50);
/// The same for a request that ends inside a quote, which is either incomplete or a mistake.
const QUIET_IN_QUOTE: Duration = Duration::from_secs(1);
/// How many bytes of a too long request are read to report its length. A longer one counts as
/// endless.
const MAX_COUNTED: usize = 4 << 20;
/// The size of one read.
const STEP: usize = 64 * 1024;

/// A command, or a request that is too long for one.
pub struct Received<'a> {
    /// The command, or the beginning of one that is too long.
    pub command: &'a [u8],
    /// Its length in bytes.
    pub length: usize,
    /// Whether the next bytes may belong to this request.
    pub may_be_cut: bool,
}

/// Waits for the next request, with the stream's own timeout, and reads it into `buffer`. `traced`
/// reads from the client's stream, whose read timeout it may change.
pub fn receive<'a>(
    buffer: &'a mut Vec<u8>,
    traced: &mut impl Read,
    client: &Client,
) -> Result<Received<'a>, CloseReason> {
    let options = client.context.options;
    buffer.clear();
    match (read(buffer, traced), options.idle_timeout) {
        (Ok(0), _) => return Err(CloseReason::ClosedByPeer),
        (Ok(_), _) => {}
        (Err(error), Some(limit)) if is_timeout(&error) => {
            return Err(CloseReason::Idle(limit));
        }
        (Err(error), _) => return Err(error.into()),
    }
    let began = Instant::now();
    let mut length = buffer.len();
    let may_be_cut = length > ONE_PACKET || ends_inside_quote(buffer);
    let mut more = may_be_cut;
    while more {
        if length > MAX_COUNTED || began.elapsed() > options.handshake_timeout {
            return Err(CloseReason::NotUnderstood(format!(
                "no end of the command found; the limits are {COMMAND_LIMIT} bytes and \
                 --handshake-timeout"
            )));
        }
        let quiet = match ends_inside_quote(buffer) {
            true => QUIET_IN_QUOTE,
            false => QUIET,
        };
        client.stream.set_read_timeout(Some(quiet))?;
        // Bytes beyond the limit are only counted.
        buffer.truncate(COMMAND_LIMIT);
        more = match read(buffer, traced) {
            Ok(count) => {
                length += count;
                count > 0
            }
            Err(error) if is_timeout(&error) => false,
            Err(error) => return Err(error.into()),
        };
    }
    if let Some(what) = WrongProtocol::of_request(buffer) {
        return Err(CloseReason::WrongProtocol(what));
    }
    Ok(Received {
        command: buffer,
        length,
        may_be_cut,
    })
}

/// Reads once, and appends to the buffer.
fn read(buffer: &mut Vec<u8>, stream: &mut impl Read) -> io::Result<usize> {
    let from = buffer.len();
    buffer.resize(from + STEP, 0);
    let result = retry(|| stream.read(&mut buffer[from..]));
    buffer.truncate(from + result.as_ref().copied().unwrap_or(0));
    result
}

/// Whether a shell would need more input after these bytes: the end of a quote, or a line after a
/// backslash.
fn ends_inside_quote(command: &[u8]) -> bool {
    let mut quote = None;
    let mut word_begins = true;
    let mut bytes = command.iter().copied();
    while let Some(byte) = bytes.next() {
        let begins_word = word_begins;
        word_begins = false;
        match (quote, byte) {
            // The byte after a backslash is an ordinary one.
            (None | Some(b'"' | b'`'), b'\\') => {
                if bytes.next().is_none() {
                    return true;
                }
            }
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            // Skips a comment and the end of its line.
            (None, b'#') if begins_word => word_begins = bytes.any(|byte| byte == b'\n'),
            (None, _) => word_begins = byte.is_ascii_whitespace(),
            (Some(_), _) => {}
        }
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_quotes_and_trailing_backslashes_are_incomplete() {
        for command in [
            "echo 'a",
            "echo \"a'b' \\\"",
            "echo `date",
            "a\\",
            "# it's\necho 'b",
            "# it's\n# isn't\necho 'b",
        ] {
            assert!(ends_inside_quote(command.as_bytes()), "{command}");
        }
        for command in [
            "echo 'a'",
            "echo \"it's\"",
            "echo \\'",
            "a # it's",
            "# it's\n# isn't",
            "a#b",
            "",
        ] {
            assert!(!ends_inside_quote(command.as_bytes()), "{command}");
        }
    }
}
