//! Parses bytes into a [`Value`], in one pass.

use super::error::{Error, Problem};
use super::value::Value;

/// How deep arrays and objects may be nested. The headers of these protocols are flat.
pub const DEPTH: usize = 16;

/// Parses one document: a value of any type, with optional white space around it. Python's
/// `json.loads(document)`, without Python's extensions.
///
/// # Grammar
///
/// Exactly the JSON of RFC 8259, in UTF-8: no comments, no comma after the last item, no `NaN` or
/// `Infinity`, no leading zeros or plus signs, no control characters in strings. Where the standard
/// leaves the choice to the parser, this one
///
/// * keeps every number as it is written, however large, long or small;
/// * keeps the members of an object that have the same name;
/// * replaces the escape of a lone surrogate (`\ud800`), which no Rust string can hold, by U+FFFD.
///   Python writes such escapes for file names that are not UTF-8.
///
/// # Limits
///
/// Arrays and objects may be nested [`DEPTH`] deep. The length has no limit here, because the whole
/// document is in memory already; [`frame::read`](crate::wire::frame::read) limits what a peer
/// sends. The value takes less than 64 bytes of memory for each byte of the document. The time is
/// proportional to the document's length, and the recursion is no deeper than [`DEPTH`].
///
/// # Errors
///
/// [`Error`], with the position and the problem.
///
/// ```
/// use proto::wire::json::{Value, parse};
///
/// assert_eq!(parse(b" [1e5, null] ")?, Value::Array(vec![Value::Number("1e5".into()), Value::Null]));
/// assert!(parse(b"[1,]").is_err());
/// assert!(parse(b"NaN").is_err());
///
/// let cut = parse(br#"{"a": [1, 2"#).unwrap_err();
/// assert_eq!(cut.to_string(), "JSON ends early, after byte 11");
/// # Ok::<(), proto::wire::json::Error>(())
/// ```
pub fn parse(document: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(document).map_err(|error| Error {
        at: error.valid_up_to(),
        problem: Problem::NotUtf8,
    })?;
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    if text.starts_with('\u{feff}') {
        return parser.fail(Problem::ByteOrderMark);
    }
    let value = parser.value()?;
    match parser.peek() {
        None => Ok(value),
        Some(_) => parser.fail(Problem::Trailing),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many arrays and objects are open.
    depth: usize,
}

impl Parser<'_> {
    /// An error at the current position. If that is the end of the document, a missing value
    /// becomes [`Problem::Ended`]; the position of that is always the end.
    fn fail<T>(&self, problem: Problem) -> Result<T, Error> {
        let end = self.text.len();
        let (at, problem) = match problem {
            Problem::Ended => (end, problem),
            Problem::Expected(_) | Problem::Number if self.at == end => (end, Problem::Ended),
            _ => (self.at, problem),
        };
        Err(Error { at, problem })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// A value, with the white space around it.
    fn value(&mut self) -> Result<Value, Error> {
        self.skip_space();
        let value = match self.peek() {
            Some(b'[') => {
                let mut items = Vec::new();
                self.list(b']', "',' or ']'", |parser| {
                    items.push(parser.value()?);
                    Ok(())
                })?;
                Value::Array(items)
            }
            Some(b'{') => {
                let mut members = Vec::new();
                self.list(b'}', "',' or '}'", |parser| {
                    members.push((parser.member_name()?, parser.value()?));
                    Ok(())
                })?;
                Value::Object(members)
            }
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            _ => return self.fail(Problem::Expected("a value")),
        };
        self.skip_space();
        Ok(value)
    }

    /// Calls `item` for each item of an array or object. Called at the opening bracket.
    fn list(
        &mut self,
        close: u8,
        expected: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.depth == DEPTH {
            return self.fail(Problem::TooDeep);
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let mut has_ended = self.take(close);
        while !has_ended {
            item(self)?;
            has_ended = self.take(close);
            if !has_ended && !self.take(b',') {
                return self.fail(Problem::Expected(expected));
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// `"name" :`
    fn member_name(&mut self) -> Result<String, Error> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return self.fail(Problem::Expected("a name in quotes"));
        }
        let name = self.string()?;
        self.skip_space();
        if !self.take(b':') {
            return self.fail(Problem::Expected("':'"));
        }
        Ok(name)
    }

    /// `word` itself, or else an error.
    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        let rest = &self.text[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        if word.starts_with(rest) {
            return self.fail(Problem::Ended);
        }
        self.fail(Problem::Expected("a value"))
    }

    fn digits(&mut self) -> Result<(), Error> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == from {
            return self.fail(Problem::Number);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<String, Error> {
        let from = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        } else if let Some(b'0'..=b'9') = self.peek() {
            return self.fail(Problem::Number);
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.text[from..self.at].to_owned())
    }

    /// Called at the opening quote.
    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest
                .bytes()
                .position(|b| b == b'"' || b == b'\\' || b < b' ');
            let Some(stop) = stop else {
                return self.fail(Problem::Ended);
            };
            // The byte at `stop` is ASCII, so this does not split a character.
            string.push_str(&rest[..stop]);
            self.at += stop;
            match rest.as_bytes()[stop] {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => self.escape(&mut string)?,
                _ => return self.fail(Problem::Control),
            }
        }
    }

    /// Appends what an escape stands for. Called at the backslash.
    fn escape(&mut self, string: &mut String) -> Result<(), Error> {
        let Some(letter) = self.text.as_bytes().get(self.at + 1) else {
            return self.fail(Problem::Ended);
        };
        let plain = match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_units(string),
            _ => return self.fail(Problem::Escape),
        };
        self.at += 2;
        string.push(plain);
        Ok(())
    }

    /// Four hex digits after `\u`. Called at the backslash.
    fn code_unit(&mut self) -> Result<u16, Error> {
        let mut unit = 0;
        for place in self.at + 2..self.at + 6 {
            let Some(&digit) = self.text.as_bytes().get(place) else {
                return self.fail(Problem::Ended);
            };
            match char::from(digit).to_digit(16) {
                Some(digit) => unit = unit * 16 + digit as u16,
                None => return self.fail(Problem::Escape),
            }
        }
        self.at += 6;
        Ok(unit)
    }

    /// Appends the characters of all `\u` escapes that follow each other: two may be one character.
    fn code_units(&mut self, string: &mut String) -> Result<(), Error> {
        let mut units = Vec::new();
        while self.text[self.at..].starts_with("\\u") {
            units.push(self.code_unit()?);
        }
        // Python writes a lone surrogate for file names that are not UTF-8. It becomes U+FFFD.
        string.push_str(&String::from_utf16_lossy(&units));
        Ok(())
    }
}
