//! Writes JSON as Python's `json.dumps` does.

use std::fmt::{self, Display, Write};

use super::value::Value;

/// Appends `text` as a JSON string, byte for byte as `json.dumps(text)` writes it: in printable
/// ASCII, with `\uXXXX` for characters without a shorter escape, and two of these above U+FFFF.
///
/// ```
/// let mut out = String::new();
/// proto::wire::json::write_string(&mut out, "a\"b\n\u{e9}\u{1f600}\u{7f}");
/// assert_eq!(out, "\"a\\\"b\\n\\u00e9\\ud83d\\ude00\\u007f\"");
/// ```
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// The separators are `", "` and `": "`, Python's defaults.
impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let string = |text: &str| {
            let mut out = String::new();
            write_string(&mut out, text);
            out
        };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Number(digits) => f.write_str(digits),
            Self::String(text) => f.write_str(&string(text)),
            Self::Array(items) => {
                f.write_char('[')?;
                for (number, item) in items.iter().enumerate() {
                    f.write_str(if number > 0 { ", " } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (number, (name, value)) in members.iter().enumerate() {
                    f.write_str(if number > 0 { ", " } else { "" })?;
                    write!(f, "{}: {value}", string(name))?;
                }
                f.write_char('}')
            }
        }
    }
}
