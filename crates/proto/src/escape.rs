//! Shows bytes as text that is safe for a terminal, as Python shows a `bytes` object.
//!
//! Bytes from a peer may contain terminal control sequences, line breaks or invalid UTF-8. Every
//! log line and error message shows them through this module.

use std::fmt::{self, Write};
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

/// Shows bytes as Python's `repr(bytes)` does: `b'hello\n'`.
///
/// Printable ASCII is shown as it is; the rest is `\t`, `\n`, `\r`, `\\` or `\xNN`. The quote is
/// `'` unless the bytes hold a `'` and no `"`.
///
/// ```
/// use proto::escape::BytesRepr;
///
/// assert_eq!(BytesRepr::new(b"caf\xc3\xa9\n").to_string(), r"b'caf\xc3\xa9\n'");
/// assert_eq!(BytesRepr::new(b"it's").to_string(), "b\"it's\"");
/// assert_eq!(BytesRepr::new(b"hello world").cut(5).to_string(), "b'hello'...");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BytesRepr<'a> {
    bytes: &'a [u8],
    max: usize,
}

impl<'a> BytesRepr<'a> {
    /// Shows all of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            max: usize::MAX,
        }
    }

    /// Shows at most the first `max` bytes, and `...` after the quote if some are left out.
    pub const fn cut(self, max: usize) -> Self {
        Self { max, ..self }
    }
}

impl fmt::Display for BytesRepr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(self.max)];
        let quote = if shown.contains(&b'\'') && !shown.contains(&b'"') {
            '"'
        } else {
            '\''
        };
        write!(f, "b{quote}")?;
        write_escaped(f, shown, quote)?;
        f.write_char(quote)?;
        if shown.len() < self.bytes.len() {
            f.write_str("...")?;
        }
        Ok(())
    }
}

/// Shows bytes between double quotes, without Python's `b`, for log lines and error messages:
/// `"GET / HTTP/1.1"`. At most `max` bytes are shown.
///
/// ```
/// assert_eq!(proto::escape::quoted(b"rm -rf \"x\"\n", 40), r#""rm -rf \"x\"\n""#);
/// assert_eq!(proto::escape::quoted(b"0123456789", 4), r#""0123"..."#);
/// ```
pub fn quoted(bytes: &[u8], max: usize) -> String {
    let shown = &bytes[..bytes.len().min(max)];
    let mut text = String::from("\"");
    // Writing to a String cannot fail.
    let _ = write_escaped(&mut text, shown, '"');
    text.push('"');
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

fn write_escaped(out: &mut impl Write, bytes: &[u8], quote: char) -> fmt::Result {
    for &byte in bytes {
        match byte {
            b'\t' => out.write_str("\\t")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\\' => out.write_str("\\\\")?,
            _ if char::from(byte) == quote => write!(out, "\\{quote}")?,
            b' '..=b'~' => out.write_char(char::from(byte))?,
            _ => write!(out, "\\x{byte:02x}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_printable_ascii() {
        let all: Vec<u8> = (0..=255).collect();
        let shown = BytesRepr::new(&all).to_string();
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
            assert_eq!(BytesRepr::new(bytes).to_string(), shown);
        }
    }

    #[test]
    fn a_cut_is_marked_with_dots() {
        assert_eq!(BytesRepr::new(b"abc").cut(3).to_string(), "b'abc'");
        assert_eq!(BytesRepr::new(b"abcd").cut(3).to_string(), "b'abc'...");
        assert_eq!(quoted(b"abc", 3), "\"abc\"");
    }
}
