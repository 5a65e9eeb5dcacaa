//! The exit status of a command: the body of `exit`.

use std::fmt;

use crate::wire::json::{self, Value};

/// How a command ended. Python: `returncode`, which is negative for a signal.
///
/// ```
/// use proto::wire::session::ExitStatus;
///
/// let status = ExitStatus::decode(br#"{"signal": 9}"#)?;
/// assert_eq!((status, status.shell_status()), (ExitStatus::Signal(9), 137));
/// assert_eq!(ExitStatus::Code(4).encode(), r#"{"code": 4}"#);
/// assert!(ExitStatus::decode(br#"{"code": 256}"#).is_err());
/// # Ok::<(), proto::wire::session::StatusError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It exited with this status.
    Code(u8),
    /// This signal ended it.
    Signal(u8),
}

impl ExitStatus {
    /// The body of `exit`: `{"code": 0}` or `{"signal": 9}`.
    pub fn encode(self) -> String {
        match self {
            Self::Code(code) => format!("{{\"code\": {code}}}"),
            Self::Signal(signal) => format!("{{\"signal\": {signal}}}"),
        }
    }

    /// Reads the body of `exit`.
    ///
    /// # Errors
    ///
    /// [`StatusError`], unless the body is an object with exactly one of the two fields and its
    /// value is a whole number: 0 to 255 for a code, 1 to 127 for a signal.
    pub fn decode(body: &[u8]) -> Result<Self, StatusError> {
        let value = json::parse(body).map_err(|_| StatusError)?;
        let Value::Object(fields) = value else {
            return Err(StatusError);
        };
        let [(name, Value::Number(number))] = &fields[..] else {
            return Err(StatusError);
        };
        // `u8::from_str` accepts a plus sign, but a JSON number has none.
        let number: u8 = number.parse().map_err(|_| StatusError)?;
        match name.as_str() {
            "code" => Ok(Self::Code(number)),
            "signal" if (1..=127).contains(&number) => Ok(Self::Signal(number)),
            _ => Err(StatusError),
        }
    }

    /// The status that a shell would show: the code, or 128 plus the signal's number.
    pub const fn shell_status(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// The body of an `exit` frame is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusError;

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed exit frame")
    }
}

impl std::error::Error for StatusError {}
