//! What a server says in words, such as why it turns a caller away.

use proto::cli::Failure;
use proto::escape::quoted;
use proto::net::Endpoint;

/// Words of a server, escaped unless they are plain.
pub fn words(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(plain) if plain.bytes().all(|b| (b' '..=b'~').contains(&b)) => plain.to_owned(),
        _ => quoted(text, 500),
    }
}

/// The failure that the line `error: WORDS` means, where `said` begins with one. A server that is
/// full or is asked for another protocol says that and closes.
pub fn turned_away(endpoint: &Endpoint, said: &[u8]) -> Option<Failure> {
    let line = said.split(|&b| b == b'\n').next().unwrap_or_default();
    let why = words(line.strip_prefix(b"error: ")?.trim_ascii_end());
    Some(Failure::new(format!("{endpoint} turned us away: {why}")))
}
