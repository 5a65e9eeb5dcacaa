//! Errors of the JSON parser, with their positions.

use std::fmt;

use super::DEPTH;

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not UTF-8.
    NotUtf8,
    /// It begins with a byte order mark, which RFC 8259 forbids.
    ByteOrderMark,
    /// It ends before it is complete.
    Ended,
    /// Something else was expected here.
    Expected(&'static str),
    /// A number does not follow JSON's grammar.
    Number,
    /// A string contains an unescaped control character.
    Control,
    /// A backslash begins an unknown escape.
    Escape,
    /// Nested deeper than [`DEPTH`].
    TooDeep,
    /// There is more after the value.
    Trailing,
}

/// The document is not JSON, or nested too deep: Python's `json.JSONDecodeError`.
///
/// The text names the problem and the position, and never contains bytes of the document.
///
/// ```
/// use proto::wire::json::{Problem, parse};
///
/// let error = parse(br#"{"a": 01}"#).unwrap_err();
/// assert_eq!((error.at, error.problem), (7, Problem::Number));
/// assert_eq!(error.to_string(), "no JSON number at byte 7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The position in bytes, from 0.
    pub at: usize,
    /// The problem.
    pub problem: Problem,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.problem {
            Problem::NotUtf8 => write!(f, "not UTF-8 at byte {at}"),
            Problem::ByteOrderMark => f.write_str("JSON begins with a byte order mark"),
            Problem::Ended => write!(f, "JSON ends early, after byte {at}"),
            Problem::Expected(what) => write!(f, "no JSON at byte {at}: expected {what}"),
            Problem::Number => write!(f, "no JSON number at byte {at}"),
            Problem::Control => write!(f, "unescaped control character at byte {at}"),
            Problem::Escape => write!(f, "unknown escape in a string at byte {at}"),
            Problem::TooDeep => write!(f, "nested deeper than {DEPTH} at byte {at}"),
            Problem::Trailing => write!(f, "more follows the JSON value at byte {at}"),
        }
    }
}

impl std::error::Error for Error {}
