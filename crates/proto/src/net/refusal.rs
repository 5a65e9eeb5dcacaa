//! Refuses a connection with a reason: the server sends the line `error: WORDS` and closes.
//!
//! Closing at once could lose the line: if the client has sent bytes that the server has not read,
//! the kernel sends a reset, and a reset discards data on its way. So the server ends only its
//! sending side and keeps the connection for a moment (a lingering close).

use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use super::deadline::DeadlineStream;
use super::endpoint::Endpoint;
use super::stream::Stream;
use crate::escape::server_text;

const PREFIX: &[u8] = b"error: ";
/// How long a refused client has to read the line.
pub(crate) const LINGER: Duration = Duration::from_millis(500);
/// The maximum number of bytes read from the client during that time.
const MAX_READ: u64 = 64 * 1024;

/// The line that refuses a connection.
pub(crate) fn refusal_line(words: &str) -> Vec<u8> {
    [PREFIX, words.as_bytes(), b"\n"].concat()
}

/// Sends `error: WORDS` as the last line of a connection and makes a [`lingering_close`].
///
/// It blocks for up to a second.
///
/// ```
/// use std::io::Read;
/// use std::os::unix::net::UnixStream;
/// use proto::net::{Stream, refuse};
///
/// let (ours, mut client) = UnixStream::pair()?;
/// let refusing = std::thread::spawn(move || refuse(&Stream::from(ours), "come back tomorrow"));
/// let mut words = String::new();
/// client.read_to_string(&mut words)?;
/// assert_eq!(words, "error: come back tomorrow\n");
/// # drop(client);
/// # let _ = refusing.join();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn refuse(stream: &Stream, words: &str) {
    // If it fails, the client is gone.
    if DeadlineStream::after(stream, LINGER)
        .write_all(&refusal_line(words))
        .is_ok()
    {
        lingering_close(stream);
    }
}

/// Ends the sending side and reads until the client closes, has sent 64 KiB, or half a second has
/// passed. This lets the client read the last words before the caller drops the stream.
pub fn lingering_close(stream: &Stream) {
    // If a call fails, the client is gone.
    if stream.shutdown(Shutdown::Write).is_ok() {
        let rest = DeadlineStream::after(stream, LINGER);
        let _ = io::copy(&mut rest.take(MAX_READ), &mut io::sink());
    }
}

/// A server's refusal of a connection, with its reason.
#[derive(Debug)]
pub struct Refused(String);

impl Refused {
    /// Parses what `server` sent; `None` if it does not begin with a refusal.
    ///
    /// ```
    /// use proto::net::{Endpoint, Refused};
    ///
    /// let server: Endpoint = "127.0.0.1:8080".parse()?;
    /// let refused = Refused::parse(&server, b"error: busy, 10 connections in use\n").ok_or("none")?;
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "127.0.0.1:8080 refused the connection: busy, 10 connections in use"
    /// );
    /// assert!(Refused::parse(&server, b"HELLO\n").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(server: &Endpoint, said: &[u8]) -> Option<Self> {
        let line = said.split(|&byte| byte == b'\n').next()?;
        let words = server_text(line.strip_prefix(PREFIX)?.trim_ascii_end());
        Some(Self(format!("{server} refused the connection: {words}")))
    }

    /// Whether `said` may be the beginning of a refusal.
    ///
    /// ```
    /// use proto::net::Refused;
    ///
    /// assert!(Refused::may_begin(b"err") && Refused::may_begin(b"error: bu"));
    /// assert!(!Refused::may_begin(b"ERR") && !Refused::may_begin(b""));
    /// ```
    pub fn may_begin(said: &[u8]) -> bool {
        !said.is_empty() && (said.starts_with(PREFIX) || PREFIX.starts_with(said))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::super::stream::tests::pair;
    use super::*;

    /// Closing with unread bytes would reset the connection.
    #[test]
    fn all_that_the_client_has_sent_is_read_after_the_words() {
        let (ours, mut client) = pair();
        client
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        refuse(&ours, "not today");
        assert_eq!((&ours).read(&mut [0; 9]).unwrap(), 0);
        let mut words = String::new();
        client.read_to_string(&mut words).unwrap();
        assert_eq!(words, "error: not today\n");
    }

    #[test]
    fn a_refusal_is_known_by_its_first_bytes() {
        let server = Endpoint::default();
        let refused = Refused::parse(&server, b"error: busy\nmore").unwrap();
        assert_eq!(
            refused.to_string(),
            "127.0.0.1:0 refused the connection: busy"
        );
        assert!(Refused::parse(&server, b"ERROR: busy\n").is_none());
        for (said, may) in [("", false), ("e", true), ("error: b", true), ("E", false)] {
            assert_eq!(Refused::may_begin(said.as_bytes()), may, "{said}");
        }
    }
}
