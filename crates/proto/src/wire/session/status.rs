//! The exit status of a command: the body of `exit`.

use super::SessionError;
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
/// # Ok::<(), proto::wire::session::SessionError>(())
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
    /// [`SessionError::MalformedExit`], unless the body is an object with exactly one of the two
    /// fields and its value is a whole number: 0 to 255 for a code, 1 to 127 for a signal.
    pub fn decode(body: &[u8]) -> Result<Self, SessionError> {
        Self::read(body).ok_or(SessionError::MalformedExit)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let Value::Object(fields) = json::parse(body).ok()? else {
            return None;
        };
        let [(name, Value::Number(number))] = &fields[..] else {
            return None;
        };
        // `u8::from_str` accepts a plus sign, but a JSON number has none.
        let number = number.parse().ok()?;
        match name.as_str() {
            "code" => Some(Self::Code(number)),
            "signal" if (1..=127).contains(&number) => Some(Self::Signal(number)),
            _ => None,
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
