//! The JSON header with its three fields: `filename`, `total_size`, `hash`. [`frame`](super::frame)
//! reads it, and `total_size` bytes of body follow it.

use std::fmt;

use super::json::{self, Value};
use crate::escape::quoted;

/// A header, which describes the body after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// In the lesson a file name; in a session the type of a frame.
    pub filename: String,
    /// The length of the body in bytes.
    pub total_size: u64,
    /// The body's SHA-256 in hex, or a frame's authentication code. The lesson's servers send a
    /// constant.
    pub hash: String,
}

impl Header {
    /// The header, byte for byte as `json.dumps` writes a `dict` of these fields.
    ///
    /// [`frame::encode`](super::frame::encode) refuses a header that is too long.
    ///
    /// ```
    /// use proto::wire::header::Header;
    ///
    /// let header = Header { filename: "a.txt".into(), total_size: 5, hash: "x".into() };
    /// assert_eq!(header.encode(), r#"{"filename": "a.txt", "total_size": 5, "hash": "x"}"#);
    /// ```
    pub fn encode(&self) -> String {
        let fields = Value::object([
            ("filename", self.filename.as_str().into()),
            ("total_size", Value::Number(self.total_size.to_string())),
            ("hash", self.hash.as_str().into()),
        ]);
        fields.to_string()
    }

    /// Reads a header of the lesson, of which only `total_size` matters:
    /// `json.loads(data)['total_size']`. Other fields may be missing or have any type; of two with
    /// the same name the last counts, as in Python. A second `total_size` is an error.
    ///
    /// # Errors
    ///
    /// [`HeaderError`], whose text names the value and the rule. `total_size` must be a whole
    /// number from 0 to 2^64 - 1, written without sign, point or exponent. The caller must check
    /// any lower limit.
    ///
    /// ```
    /// use proto::wire::header::Header;
    ///
    /// let header = Header::decode_lesson(br#"{"total_size": 5, "mode": [6, 4, 4]}"#)?;
    /// assert_eq!(header.total_size, 5);
    ///
    /// let error = Header::decode_lesson(br#"{"total_size": -5}"#).unwrap_err();
    /// assert!(error.to_string().starts_with("total_size is \"-5\""));
    /// # Ok::<(), proto::wire::header::HeaderError>(())
    /// ```
    pub fn decode_lesson(bytes: &[u8]) -> Result<Self, HeaderError> {
        let text_or_empty = |value| match value {
            Value::String(text) => text,
            _ => String::new(),
        };
        let (mut filename, mut hash) = (String::new(), String::new());
        let mut size = None;
        for (name, value) in fields(bytes)? {
            match name.as_str() {
                "filename" => filename = text_or_empty(value),
                "hash" => hash = text_or_empty(value),
                "total_size" if size.is_some() => return Err(twice(&name)),
                "total_size" => size = Some(value),
                _ => {}
            }
        }
        Ok(Self {
            filename,
            total_size: total_size(size)?,
            hash,
        })
    }

    /// Reads a header of a session: the three fields, each once, and nothing else. Unknown fields
    /// are refused, because the authentication code does not cover them.
    ///
    /// # Errors
    ///
    /// [`HeaderError`], whose text names the field and the rule. `total_size` is as in
    /// [`decode_lesson`](Self::decode_lesson).
    ///
    /// ```
    /// use proto::wire::header::Header;
    ///
    /// let whole = br#"{"hash": "", "filename": "hello", "total_size": 43}"#;
    /// assert_eq!(Header::decode_session(whole)?.filename, "hello");
    ///
    /// let more = br#"{"filename": "hello", "total_size": 43, "hash": "", "mode": 0}"#;
    /// let error = Header::decode_session(more).unwrap_err();
    /// assert_eq!(error.to_string(), "the header has a field \"mode\" that must not be there");
    /// # Ok::<(), proto::wire::header::HeaderError>(())
    /// ```
    pub fn decode_session(bytes: &[u8]) -> Result<Self, HeaderError> {
        let (mut filename, mut size, mut hash) = (None, None, None);
        for (name, value) in fields(bytes)? {
            let field = match name.as_str() {
                "filename" => &mut filename,
                "total_size" => &mut size,
                "hash" => &mut hash,
                _ => {
                    let name = shown(&name);
                    let why = format!("the header has a field {name} that must not be there");
                    return Err(HeaderError(why));
                }
            };
            if field.replace(value).is_some() {
                return Err(twice(&name));
            }
        }
        Ok(Self {
            filename: text("filename", filename)?,
            total_size: total_size(size)?,
            hash: text("hash", hash)?,
        })
    }
}

fn fields(bytes: &[u8]) -> Result<Vec<(String, Value)>, HeaderError> {
    Err(HeaderError(match json::parse(bytes) {
        Ok(Value::Object(fields)) => return Ok(fields),
        Ok(other) => format!("the header is {} instead of an object", other.kind()),
        Err(error) => format!("the header is broken: {error}"),
    }))
}

fn text(name: &str, value: Option<Value>) -> Result<String, HeaderError> {
    Err(HeaderError(match value {
        Some(Value::String(text)) => return Ok(text),
        Some(other) => format!("{name} is {} instead of a string", other.kind()),
        None => format!("{name} missing in the header"),
    }))
}

/// Parses the digits, not a float, because the size must be exact.
fn total_size(value: Option<Value>) -> Result<u64, HeaderError> {
    let found = match value {
        Some(Value::Number(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let too_large = |_| {
                let many = digits.len();
                HeaderError(format!("total_size has {many} digits, more than any file"))
            };
            return digits.parse().map_err(too_large);
        }
        Some(Value::Number(number)) => shown(&number),
        Some(other) => other.kind().to_owned(),
        None => return Err(HeaderError("total_size missing in the header".to_owned())),
    };
    Err(HeaderError(format!(
        "total_size is {found} (it must be a whole number \u{2265} 0)"
    )))
}

fn twice(name: &str) -> HeaderError {
    HeaderError(format!("the header has the field {} twice", shown(name)))
}

fn shown(name: &str) -> String {
    quoted(name.as_bytes(), 40)
}

/// What is wrong with a header. The text shows a peer's words escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderError(String);

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HeaderError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(text: &str) -> Result<Header, String> {
        Header::decode_lesson(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn file_names_are_escaped_as_in_python() {
        let header = Header {
            filename: "\u{554a}\"\u{7f}\u{1f600}".into(),
            total_size: u64::MAX,
            hash: String::new(),
        };
        let text = "{\"filename\": \"\\u554a\\\"\\u007f\\ud83d\\ude00\", \
                    \"total_size\": 18446744073709551615, \"hash\": \"\"}";
        assert_eq!(header.encode(), text);
        assert_eq!(Header::decode_session(text.as_bytes()), Ok(header.clone()));
        assert_eq!(lesson(text), Ok(header));
    }

    #[test]
    fn only_a_whole_number_is_a_size() {
        for (value, shown) in [
            ("-1", "\"-1\""),
            ("-0", "\"-0\""),
            ("1.0", "\"1.0\""),
            ("1e3", "\"1e3\""),
            ("\"5\"", "a string"),
            ("true", "a truth value"),
            ("null", "null"),
            ("[]", "an array"),
            ("{}", "an object"),
        ] {
            let error = lesson(&format!("{{\"total_size\": {value}}}")).unwrap_err();
            let text = format!("total_size is {shown} (it must be a whole number \u{2265} 0)");
            assert_eq!(error, text);
        }
        let most = lesson("{\"total_size\": 18446744073709551615}").unwrap();
        assert_eq!(most.total_size, u64::MAX);
        for digits in [
            "18446744073709551616",
            &"1".repeat(150),
            &"9".repeat(60_000),
        ] {
            let error = lesson(&format!("{{\"total_size\": {digits}}}")).unwrap_err();
            let count = digits.len();
            let text = format!("total_size has {count} digits, more than any file");
            assert_eq!(error, text);
        }
        assert_eq!(
            lesson("{}").unwrap_err(),
            "total_size missing in the header"
        );
        assert!(
            lesson("[5]")
                .unwrap_err()
                .contains("an array instead of an object")
        );
    }

    #[test]
    fn the_lesson_allows_other_fields_and_a_session_does_not() {
        let extra = r#"{"x": [{}], "hash": 5, "hash": 6, "total_size": 7}"#;
        assert_eq!(lesson(extra).unwrap().total_size, 7);
        let twice = lesson(r#"{"total_size": 1, "total_size": 1}"#).unwrap_err();
        assert_eq!(twice, "the header has the field \"total_size\" twice");
        for (text, words) in [
            (r#"{"filename": "a", "total_size": 1}"#, "hash missing"),
            (
                r#"{"filename": 1, "total_size": 1, "hash": ""}"#,
                "filename is a number",
            ),
            (
                r#"{"filename": "a", "total_size": 1, "hash": "", "x": 1}"#,
                "field \"x\"",
            ),
            (
                r#"{"hash": "", "filename": "a", "total_size": 1, "hash": ""}"#,
                "\"hash\" twice",
            ),
            (r#"[1]"#, "an array instead"),
            (r#"{"filename""#, "ends early"),
        ] {
            let error = Header::decode_session(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
