//! The length of a body as decimal digits before it: the lesson's "low" remedy for sticky packets.
//!
//! The digits have no delimiter. The client takes the bytes of one read as the length and answers
//! [`READY`]; only then does the server send the body. If the digits arrive in two pieces, the
//! first piece looks like a shorter length, and the client counts the second as the first bytes of
//! the body.

use std::fmt;

use crate::escape::quoted;

/// The client's answer to the length.
pub const READY: &[u8] = b"recv_ready";

/// The maximum number of digits of a length: those of 2^64 - 1.
const MAX_DIGITS: usize = 20;

/// Encodes a length. Python: `str(n).encode()`.
///
/// ```
/// assert_eq!(proto::wire::length_first::encode(65_537), "65537");
/// ```
pub fn encode(length: u64) -> String {
    length.to_string()
}

/// Decodes the length from the bytes of one read. Python: `int(data)`, which also accepts ` 7\n`,
/// `+7`, `1_0` and `-5`.
///
/// The caller must not allocate the length at once, but read the body in pieces.
///
/// # Errors
///
/// [`LengthError::Invalid`] for everything but 1 to 20 ASCII digits, and [`LengthError::TooLong`]
/// for a length over `limit`, in bytes.
///
/// ```
/// use proto::wire::length_first::decode;
///
/// assert_eq!(decode(b"007", 100), Ok(7));
/// assert_eq!(decode(b"1_0", 100).unwrap_err().to_string(), "invalid length \"1_0\"");
/// ```
pub fn decode(bytes: &[u8], limit: u64) -> Result<u64, LengthError> {
    let digits = std::str::from_utf8(bytes).unwrap_or_default();
    let is_padded = digits.len() > MAX_DIGITS && digits.starts_with('0');
    if digits.is_empty() || is_padded || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LengthError::Invalid(quoted(bytes, 40)));
    }
    match digits.parse() {
        Ok(length) if length <= limit => Ok(length),
        // Numbers from 2^64 on are not parsed.
        _ => Err(LengthError::TooLong {
            length: digits.to_owned(),
            limit,
        }),
    }
}

/// Why the bytes are not a usable length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LengthError {
    /// It is not a number, or has too many leading zeros. Holds the bytes, quoted and cut.
    Invalid(String),
    /// It is more than the limit.
    TooLong {
        /// Its digits, of which the text shows at most 40.
        length: String,
        /// The maximum, in bytes.
        limit: u64,
    },
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "invalid length {text}"),
            Self::TooLong { length, limit } => {
                let dots = if length.len() > 40 { "..." } else { "" };
                write!(f, "length {length:.40}{dots} exceeds the limit {limit}")
            }
        }
    }
}

impl std::error::Error for LengthError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_lengths_are_decoded() {
        for length in [0, 1, 9, 10, 65_537, u64::MAX] {
            assert_eq!(decode(encode(length).as_bytes(), u64::MAX), Ok(length));
        }
        assert_eq!(decode(b"00000000000000000007", 7), Ok(7));
    }

    /// The digits have no delimiter, so each prefix is a length, too.
    #[test]
    fn split_digits_are_a_shorter_length() {
        let whole = b"65537";
        let lengths = [6, 65, 655, 6553, 65_537];
        for (cut, length) in (1..=whole.len()).zip(lengths) {
            assert_eq!(decode(&whole[..cut], 70_000), Ok(length));
        }
    }

    #[test]
    fn only_digits_are_a_length() {
        for bad in [
            &b""[..],
            b"-5",
            b"+7",
            b" 7 \n",
            b"1_0",
            "７".as_bytes(),
            b"0x10",
            b"1e3",
            b"7\0",
            b"7\n",
            b"\x1b[2J",
            b"5 5",
            b"1.0",
            b"\xff",
            b"000000000000000000007",
        ] {
            let error = decode(bad, u64::MAX).unwrap_err();
            assert_eq!(error, LengthError::Invalid(quoted(bad, 40)));
            let text = error.to_string();
            assert!(text.starts_with("invalid length \""), "{text}");
            assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{text}");
        }
        let long = decode(&[b'x'; 1000], 1).unwrap_err().to_string();
        assert!(long.len() < 80, "{long}");
    }

    #[test]
    fn a_length_over_the_limit_is_shown_and_never_used() {
        let nines = [b'9'; 9000];
        let forty = format!("{}...", "9".repeat(40));
        for (bytes, limit, shown) in [
            (&b"101"[..], 100, "101"),
            (b"1", 0, "1"),
            (b"18446744073709551616", u64::MAX, "18446744073709551616"),
            (b"99999999999999999999", u64::MAX, "99999999999999999999"),
            (&nines[..21], u64::MAX, &"9".repeat(21)),
            (&nines, u64::MAX, &forty),
        ] {
            let text = decode(bytes, limit).unwrap_err().to_string();
            assert_eq!(text, format!("length {shown} exceeds the limit {limit}"));
        }
        assert_eq!(decode(b"100", 100), Ok(100));
    }
}
