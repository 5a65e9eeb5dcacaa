//! What a server says in words, such as why it turns a caller away.

use super::exit::Failure;
use crate::escape::readable;
use crate::net::Endpoint;

/// How a server of this project begins the line with which it turns a caller away; see
/// [`turn_away`](crate::socketserver::turn_away).
pub const REFUSAL: &[u8] = b"error: ";

/// The longest words of a server that are shown as they are, in bytes.
const LONGEST: usize = 500;

/// Words of a server, for a terminal: escaped unless they are plain, and cut where there is no end of
/// them.
///
/// ```
/// assert_eq!(proto::cli::server_words(b"timed out after 1s"), "timed out after 1s");
/// ```
pub fn server_words(text: &[u8]) -> String {
    readable(text, LONGEST)
}

/// The failure that the line `error: WORDS` means, where what the server at `endpoint` has `said`
/// begins with one. A server that is full or is asked for another protocol says that and closes.
///
/// ```
/// use proto::cli::turned_away;
/// use proto::net::Endpoint;
///
/// let server: Endpoint = "127.0.0.1:8080".parse()?;
/// let failure = turned_away(&server, b"error: busy, 10 connections in use\n").ok_or("none")?;
/// assert_eq!(
///     failure.to_string(),
///     "127.0.0.1:8080 turned us away: busy, 10 connections in use"
/// );
/// assert!(turned_away(&server, b"HELLO\n").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn turned_away(endpoint: &Endpoint, said: &[u8]) -> Option<Failure> {
    let line = said.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let why = server_words(line.strip_prefix(REFUSAL)?.trim_ascii_end());
    Some(Failure::new(format!("{endpoint} turned us away: {why}")))
}
