//! A parsed JSON document.

/// A JSON value. A parsed one is nested at most [`DEPTH`](super::DEPTH) deep; writing, comparing
/// and dropping recurse as deep as the value is nested.
///
/// `Display` writes it byte for byte as `json.dumps` does:
///
/// ```
/// use proto::wire::json::Value;
///
/// let value = Value::object([("a", "\u{e9}".into()), ("b", 5.into()), ("c", Value::Null)]);
/// assert_eq!(value.to_string(), r#"{"a": "\u00e9", "b": 5, "c": null}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`: Python's `None`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written. Must be a valid JSON number.
    Number(String),
    /// A string. A lone surrogate is replaced by U+FFFD.
    String(String),
    /// An array: Python's `list`.
    Array(Vec<Value>),
    /// An object's members in order, including those with the same name.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The member of that name; of several the last, as in Python's `dict`. `None` if there is none
    /// or this is not an object.
    ///
    /// Parsers differ in which of several counts (RFC 8259, section 4), so refuse such names in a
    /// document that a decision depends on.
    ///
    /// ```
    /// use proto::wire::json::{Value, parse};
    ///
    /// let value = parse(br#"{"a": 1, "a": 2.50}"#)?;
    /// assert_eq!(value.get("a"), Some(&Value::Number("2.50".into())));
    /// # Ok::<(), proto::wire::json::Error>(())
    /// ```
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let last = members.iter().rev().find(|(key, _)| key == name);
        last.map(|(_, value)| value)
    }

    /// Makes an object of these members: Python's `{'a': 5}`.
    ///
    /// ```
    /// use proto::wire::json::Value;
    ///
    /// assert_eq!(Value::object([("a", 5.into())]).to_string(), r#"{"a": 5}"#);
    /// ```
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Self::Object(members.into())
    }

    /// The text of a string; `None` for any other value.
    ///
    /// ```
    /// use proto::wire::json::Value;
    ///
    /// assert_eq!(Value::from("a.txt").as_str(), Some("a.txt"));
    /// assert_eq!(Value::from(5).as_str(), None);
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number as it was written; `None` for any other value. `str::parse` turns it into the type
    /// you choose, and fails if it does not fit. Python: `int(text)`.
    ///
    /// ```
    /// use proto::wire::json::parse;
    ///
    /// let number = parse(b"-1")?;
    /// assert_eq!(number.as_number(), Some("-1"));
    /// assert!(number.as_number().is_some_and(|text| text.parse::<u64>().is_err()));
    /// # Ok::<(), proto::wire::json::Error>(())
    /// ```
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Self::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// The type of the value, for an error message: `"a number"`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number.to_string())
    }
}
