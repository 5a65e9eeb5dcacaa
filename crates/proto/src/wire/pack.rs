//! Packs 32-bit integers into bytes: the format `i` of Python's `struct`.
//!
//! | format | byte order |
//! |---|---|
//! | `<i` | little-endian |
//! | `>i`, `!i` | big-endian; `!` is the network's order |
//! | `i`, `@i`, `=i` | this machine's; another machine may read another number |
//!
//! The tools use `i32::to_le_bytes` and the like; this module is for the examples.

use std::fmt;

/// The size of an `i` in bytes. Python: `struct.calcsize('i')`.
pub const SIZE: usize = 4;

/// Packs a number into four bytes. Python: `struct.pack(format, number)`.
///
/// # Errors
///
/// [`PackError`] for an unknown format, or a number that is not from -2^31 to 2^31 - 1.
///
/// ```
/// use proto::wire::pack::pack;
///
/// assert_eq!(pack("<i", 1222)?, [0xc6, 0x04, 0, 0]);
/// assert_eq!(pack("!i", 1222)?, [0, 0, 0x04, 0xc6]);
/// assert!(pack("i", 1_222_222_222_223).is_err());
/// # Ok::<(), proto::wire::pack::PackError>(())
/// ```
pub fn pack(format: &str, number: i64) -> Result<[u8; SIZE], PackError> {
    let number = i32::try_from(number).map_err(|_| {
        let (low, high) = (i32::MIN, i32::MAX);
        PackError(format!("{number} does not fit ('i' holds {low} to {high})"))
    })?;
    match format {
        "i" | "@i" | "=i" => Ok(number.to_ne_bytes()),
        "<i" => Ok(number.to_le_bytes()),
        ">i" | "!i" => Ok(number.to_be_bytes()),
        _ => Err(unknown_format()),
    }
}

/// Unpacks a number from four bytes. Python: `struct.unpack(format, buffer)[0]`.
///
/// # Errors
///
/// [`PackError`] for an unknown format, or other than four bytes: one `recv(4)` may return fewer.
///
/// ```
/// use proto::wire::pack::unpack;
///
/// assert_eq!(unpack("<i", b"\xff\xff\xff\xff")?, -1);
/// assert!(unpack("<i", b"\xff\xff\xff").is_err());
/// # Ok::<(), proto::wire::pack::PackError>(())
/// ```
pub fn unpack(format: &str, buffer: &[u8]) -> Result<i32, PackError> {
    let bytes = buffer.try_into().map_err(|_| {
        let length = buffer.len();
        PackError(format!(
            "'i' is unpacked from 4 bytes, but the buffer has {length}"
        ))
    })?;
    match format {
        "i" | "@i" | "=i" => Ok(i32::from_ne_bytes(bytes)),
        "<i" => Ok(i32::from_le_bytes(bytes)),
        ">i" | "!i" => Ok(i32::from_be_bytes(bytes)),
        _ => Err(unknown_format()),
    }
}

fn unknown_format() -> PackError {
    PackError("the only format here is i, after <, >, !, =, @ or nothing".to_owned())
}

/// Why a number cannot be packed or unpacked: Python's `struct.error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackError(String);

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PackError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unpacked_as_they_were_packed() {
        for format in ["i", "@i", "=i", "<i", ">i", "!i"] {
            for number in [i32::MIN, -65_536, -1, 0, 1, 255, 256, 65_535, i32::MAX] {
                let bytes = pack(format, number.into()).unwrap();
                assert_eq!(unpack(format, &bytes), Ok(number), "{format} {number}");
            }
        }
        assert_eq!(pack("<i", 1), Ok([1, 0, 0, 0]));
        assert_eq!(pack(">i", 1), Ok([0, 0, 0, 1]));
    }

    #[test]
    fn numbers_and_buffers_that_do_not_fit_are_errors() {
        for number in [i64::MIN, i64::from(i32::MIN) - 1, i64::from(i32::MAX) + 1] {
            let text = pack("i", number).unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("{number} does not fit")),
                "{text}"
            );
        }
        for length in [0, 1, 2, 3, 5, 8] {
            let text = unpack("i", &[0; 8][..length]).unwrap_err().to_string();
            assert!(text.ends_with(&format!("has {length}")), "{text}");
        }
        for error in [pack("q", 1).unwrap_err(), unpack("q", &[0; 4]).unwrap_err()] {
            assert!(error.to_string().starts_with("the only format"));
        }
    }
}
