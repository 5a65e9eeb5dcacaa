//! From bytes to a [`Value`], in one pass, without recursion.

use std::fmt;

use super::value::Value;

/// How deep arrays and objects may be nested. Every document that these protocols carry is flat.
pub const DEPTH: usize = 16;

/// Parses one document: a value of any kind, with white space around it.
///
/// # Errors
///
/// [`Error`], which says where and what. Text that is not UTF-8, or begins with a byte order mark,
/// is refused; so is nesting deeper than [`DEPTH`].
///
/// ```
/// use proto::wire::json::{Value, parse};
///
/// assert_eq!(parse(b" [1e5, null] ")?, Value::Array(vec![Value::Number("1e5".into()), Value::Null]));
/// assert!(parse(b"[1,]").is_err());
/// assert!(parse(b"NaN").is_err());
/// # Ok::<(), proto::wire::json::Error>(())
/// ```
pub fn parse(document: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(document).map_err(|error| Error {
        at: error.valid_up_to(),
        problem: Problem::NotUtf8,
    })?;
    let mut parser = Parser { text, at: 0 };
    let value = parser.document()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => parser.fail(Problem::Trailing),
    }
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not UTF-8.
    NotUtf8,
    /// It is over before it is complete.
    Ended,
    /// Something else should stand here.
    Expected(&'static str),
    /// A number is not written as JSON writes them.
    Number,
    /// A string has a control character that must be escaped.
    Control,
    /// A backslash is followed by nothing known.
    Escape,
    /// Nested deeper than [`DEPTH`].
    TooDeep,
    /// There is something behind the value.
    Trailing,
}

/// A text is not JSON, or not JSON that is taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where, counted in bytes from 0.
    pub at: usize,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.problem {
            Problem::NotUtf8 => write!(f, "not UTF-8 at byte {at}"),
            Problem::Ended => write!(f, "JSON ends early, after byte {at}"),
            Problem::Expected(what) => write!(f, "no JSON at byte {at}: expected {what}"),
            Problem::Number => write!(f, "no JSON number at byte {at}"),
            Problem::Control => write!(f, "unescaped control character at byte {at}"),
            Problem::Escape => write!(f, "unknown escape in a string at byte {at}"),
            Problem::TooDeep => write!(f, "nested deeper than {DEPTH} at byte {at}"),
            Problem::Trailing => write!(f, "something stands behind the JSON value at byte {at}"),
        }
    }
}

impl std::error::Error for Error {}

/// An array or object whose end has not come yet.
enum Open {
    Array(Vec<Value>),
    Object(Vec<(String, Value)>, String),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, problem: Problem) -> Result<T, Error> {
        let problem = match problem {
            Problem::Expected(_) if self.at >= self.text.len() => Problem::Ended,
            other => other,
        };
        Err(Error {
            at: self.at,
            problem,
        })
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

    fn document(&mut self) -> Result<Value, Error> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_space();
            // A value begins here. One that holds others may be empty, else it is opened.
            let mut value = match self.peek() {
                Some(bracket @ (b'[' | b'{')) => {
                    if open.len() == DEPTH {
                        return self.fail(Problem::TooDeep);
                    }
                    self.at += 1;
                    self.skip_space();
                    match bracket {
                        b'[' if self.take(b']') => Value::Array(Vec::new()),
                        b'{' if self.take(b'}') => Value::Object(Vec::new()),
                        b'[' => {
                            open.push(Open::Array(Vec::new()));
                            continue;
                        }
                        _ => {
                            let name = self.member_name()?;
                            open.push(Open::Object(Vec::new(), name));
                            continue;
                        }
                    }
                }
                _ => self.scalar()?,
            };
            // A value has ended; with it, perhaps, those that it is in.
            loop {
                let Some(innermost) = open.pop() else {
                    return Ok(value);
                };
                self.skip_space();
                match innermost {
                    Open::Array(mut items) => {
                        items.push(value);
                        if self.take(b',') {
                            open.push(Open::Array(items));
                            break;
                        }
                        if !self.take(b']') {
                            return self.fail(Problem::Expected("',' or ']'"));
                        }
                        value = Value::Array(items);
                    }
                    Open::Object(mut members, name) => {
                        members.push((name, value));
                        if self.take(b',') {
                            self.skip_space();
                            let next = self.member_name()?;
                            open.push(Open::Object(members, next));
                            break;
                        }
                        if !self.take(b'}') {
                            return self.fail(Problem::Expected("',' or '}'"));
                        }
                        value = Value::Object(members);
                    }
                }
            }
        }
    }

    /// `"name" :`
    fn member_name(&mut self) -> Result<String, Error> {
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

    fn scalar(&mut self) -> Result<Value, Error> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => self.fail(Problem::Expected("a value")),
        }
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
                self.at = self.text.len();
                return self.fail(Problem::Ended);
            };
            // Each of the bytes that stop is a whole character, so this cuts none.
            string.push_str(&rest[..stop]);
            self.at += stop;
            match rest.as_bytes()[stop] {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => string.push(self.escape()?),
                _ => return self.fail(Problem::Control),
            }
        }
    }

    /// Called at the backslash.
    fn escape(&mut self) -> Result<char, Error> {
        let letter = self.text.as_bytes().get(self.at + 1);
        let plain = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.fail(Problem::Escape),
        };
        self.at += 2;
        Ok(plain)
    }

    /// Four hex digits behind `\u`, at the backslash.
    fn code_unit(&mut self) -> Result<u16, Error> {
        let digits = self.text.as_bytes().get(self.at + 2..self.at + 6);
        let mut unit = 0;
        for &digit in digits.unwrap_or(b"-") {
            match char::from(digit).to_digit(16) {
                Some(digit) => unit = unit * 16 + digit as u16,
                None => return self.fail(Problem::Escape),
            }
        }
        self.at += 6;
        Ok(unit)
    }

    fn unicode_escape(&mut self) -> Result<char, Error> {
        let first = self.code_unit()?;
        let is_high = (0xd800..0xdc00).contains(&first);
        let follows = self.text.as_bytes()[self.at..].starts_with(b"\\u");
        if is_high && follows {
            let back = self.at;
            let second = self.code_unit()?;
            if let Some(Ok(c)) = char::decode_utf16([first, second]).next() {
                return Ok(c);
            }
            // The second stands for itself; it may begin a pair of its own.
            self.at = back;
        }
        // Python gives a lone surrogate to file names that are not UTF-8.
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}
