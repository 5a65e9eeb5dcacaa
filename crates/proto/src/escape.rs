//! Shows bytes as text that is safe for a terminal, as Python shows a `bytes` object.
//!
//! Bytes from a peer may contain terminal control sequences, line breaks or invalid UTF-8. Every
//! log line and error message shows them through this module.

use std::fmt;
use std::path::Path;

/// A path as it is, or quoted if it has control characters, which must not reach a terminal.
pub fn shown_path(path: &Path) -> String {
    match path.to_string_lossy() {
        text if text.chars().any(char::is_control) => quoted(text.as_bytes(), usize::MAX),
        text => text.into_owned(),
    }
}

/// A count and its noun.
///
/// ```
/// use proto::escape::many;
///
/// assert_eq!(many(1, "retry", "retries"), "1 retry");
/// assert_eq!(many(0, "retry", "retries"), "0 retries");
/// ```
pub fn many<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str, more: &str) -> String {
    let noun = if count == N::from(1) { one } else { more };
    format!("{count} {noun}")
}

/// Shows bytes as Python's `repr(bytes)` does: `b'hello\n'`. At most `max` bytes are shown, with
/// `...` after the quote if some are left out.
///
/// Printable ASCII is shown as it is; the rest is `\t`, `\n`, `\r`, `\\` or `\xNN`. The quote is
/// `'` unless the bytes hold a `'` and no `"`.
///
/// ```
/// use proto::escape::repr;
///
/// assert_eq!(repr(b"caf\xc3\xa9\n", 40), r"b'caf\xc3\xa9\n'");
/// assert_eq!(repr(b"it's", 40), "b\"it's\"");
/// assert_eq!(repr(b"hello world", 5), "b'hello'...");
/// ```
pub fn repr(bytes: &[u8], max: usize) -> String {
    let shown = &bytes[..bytes.len().min(max)];
    let quote = if shown.contains(&b'\'') && !shown.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    format!("b{}", between(quote, bytes, max))
}

/// Shows bytes between double quotes, without Python's `b`, for log lines and error messages:
/// `"GET / HTTP/1.1"`. At most `max` bytes are shown.
///
/// ```
/// assert_eq!(proto::escape::quoted(b"rm -rf \"x\"\n", 40), r#""rm -rf \"x\"\n""#);
/// assert_eq!(proto::escape::quoted(b"0123456789", 4), r#""0123"..."#);
/// ```
pub fn quoted(bytes: &[u8], max: usize) -> String {
    between(b'"', bytes, max)
}

fn between(quote: u8, bytes: &[u8], max: usize) -> String {
    let shown = &bytes[..bytes.len().min(max)];
    let mut text = String::from(char::from(quote));
    for &byte in shown {
        match byte {
            // std would escape the other quote, too.
            b'"' | b'\'' if byte != quote => text.push(char::from(byte)),
            _ => text.extend(byte.escape_ascii().map(char::from)),
        }
    }
    text.push(char::from(quote));
    if shown.len() < bytes.len() {
        text.push_str("...");
    }
    text
}

/// Shows at most `max` bytes of printable ASCII as they are, and all other bytes [`quoted`]. It is
/// for words and paths, which are nearly always printable.
///
/// ```
/// assert_eq!(proto::escape::readable(b"busy, 10 connections in use", 200), "busy, 10 connections in use");
/// assert_eq!(proto::escape::readable(b"busy\x1b[2J", 200), r#""busy\x1b[2J""#);
/// ```
pub fn readable(bytes: &[u8], max: usize) -> String {
    let plain = |bytes: &&str| bytes.bytes().all(|b| matches!(b, b' '..=b'~'));
    match std::str::from_utf8(bytes).ok().filter(plain) {
        Some(text) if text.len() <= max => text.to_owned(),
        _ => quoted(bytes, max),
    }
}

/// The bytes of pairs of hex digits; `None` for any other text. Python: `bytes.fromhex`.
///
/// ```
/// assert_eq!(proto::escape::unhex(b"00ff"), Some(vec![0, 255]));
/// assert_eq!(proto::escape::unhex(b"00f"), None);
/// ```
pub fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| Some((digit(pair[0])? * 16 + digit(*pair.get(1)?)?) as u8);
    digits.chunks(2).map(byte).collect()
}

/// Text that a server sent, made [`readable`] and cut to 500 bytes.
///
/// ```
/// assert_eq!(proto::escape::server_text(b"timed out after 1s"), "timed out after 1s");
/// ```
pub fn server_text(text: &[u8]) -> String {
    readable(text, 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_printable_ascii() {
        let all: Vec<u8> = (0..=255).collect();
        let shown = repr(&all, all.len());
        assert!(shown.bytes().all(|b| (b' '..=b'~').contains(&b)), "{shown}");
        assert!(shown.contains(r"\x00") && shown.contains(r"\xff") && shown.contains(r"\x1b"));
    }

    #[test]
    fn the_quote_is_chosen_as_python_chooses_it() {
        for (bytes, shown) in [
            (&b""[..], "b''"),
            (b"'", "b\"'\""),
            (b"\"", "b'\"'"),
            (b"'\"", r#"b'\'"'"#),
            (b"\\", r"b'\\'"),
        ] {
            assert_eq!(repr(bytes, 9), shown);
        }
    }

    #[test]
    fn a_cut_is_marked_with_dots() {
        assert_eq!(repr(b"abc", 3), "b'abc'");
        assert_eq!(repr(b"abcd", 3), "b'abc'...");
        assert_eq!(quoted(b"abc", 3), "\"abc\"");
    }
}
