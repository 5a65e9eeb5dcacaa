//! Parses the values of flags, and shows values in the same form.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::escape::quoted;
use crate::net::Endpoint;
use crate::sys;

/// The longest duration that is accepted: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn shown(value: &OsStr) -> String {
    quoted(value.as_encoded_bytes(), 100)
}

pub(super) fn not_unicode(value: &OsStr) -> String {
    format!("{} is not valid Unicode", shown(value))
}

/// The bytes of an argument, for the wire: any bytes on Unix, UTF-8 on Windows.
///
/// # Errors
///
/// A text that shows the value, if it has to be Unicode and is not.
///
/// ```
/// assert_eq!(proto::cli::bytes("hello".as_ref()), Ok(b"hello".to_vec()));
/// ```
pub fn bytes(value: &OsStr) -> Result<Vec<u8>, String> {
    let bytes = sys::bytes(value).ok_or_else(|| not_unicode(value))?;
    Ok(bytes.to_vec())
}

/// An argument that must be valid UTF-8.
///
/// # Errors
///
/// A text that shows the bytes.
pub fn text(value: &OsStr) -> Result<&str, String> {
    value
        .to_str()
        .ok_or_else(|| format!("{} is not valid UTF-8", shown(value)))
}

/// Splits a value into its number and its unit; `None` if it does not begin with a decimal number.
fn split(value: &OsStr) -> Option<(u64, &str)> {
    let text = value.to_str()?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// A whole number within `range`.
///
/// # Errors
///
/// A text that shows the value and the range.
///
/// ```
/// use proto::cli::count;
///
/// assert_eq!(count("80".as_ref(), 1..=100), Ok(80));
/// assert!(count("0".as_ref(), 1..=100).is_err());
/// ```
pub fn count(value: &OsStr, range: RangeInclusive<usize>) -> Result<usize, String> {
    split(value)
        .filter(|(_, unit)| unit.is_empty())
        .and_then(|(number, _)| usize::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let (low, high) = range.into_inner();
            format!(
                "{} is not a whole number from {low} to {high}",
                shown(value)
            )
        })
}

/// A number of bytes within `range`: `1024`, `64KiB`, `8MiB`, `2GiB`.
///
/// # Errors
///
/// A text that shows the value and the range.
///
/// ```
/// assert_eq!(proto::cli::size("64KiB".as_ref(), 1..=1 << 20), Ok(65536));
/// ```
pub fn size(value: &OsStr, range: RangeInclusive<u64>) -> Result<u64, String> {
    split(value)
        .and_then(|(number, unit)| {
            let factor = match unit {
                "" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.checked_mul(factor)
        })
        .filter(|bytes| range.contains(bytes))
        .ok_or_else(|| {
            let (low, high) = range.into_inner();
            let (low, high) = (show_bytes(low), show_bytes(high));
            format!(
                "{} is not a size from {low} to {high}, as in 1024 or 64KiB",
                shown(value)
            )
        })
}

/// A number of bytes in a second, within `range`: `1000/s`, `64KiB/s`; `/s` may be left out.
///
/// # Errors
///
/// A text that shows the value and the form.
///
/// ```
/// assert_eq!(proto::cli::rate("64KiB/s".as_ref(), 1..=1 << 20), Ok(65536));
/// ```
pub fn rate(value: &OsStr, range: RangeInclusive<u64>) -> Result<u64, String> {
    let text = text(value)?;
    size(text.strip_suffix("/s").unwrap_or(text).as_ref(), range)
        .map_err(|_| format!("{} is not a rate, as in 1000/s or 64KiB/s", shown(value)))
}

/// A percentage from 0 to 100: `50`, `2.5%`.
///
/// # Errors
///
/// A text that shows the value and the form.
///
/// ```
/// assert_eq!(proto::cli::percentage("2.5%".as_ref()), Ok(2.5));
/// assert!(proto::cli::percentage("101".as_ref()).is_err());
/// ```
pub fn percentage(value: &OsStr) -> Result<f64, String> {
    let text = text(value)?;
    match text.strip_suffix('%').unwrap_or(text).parse() {
        Ok(percent @ 0.0..=100.0) => Ok(percent),
        _ => Err(format!(
            "{} is not a percentage from 0 to 100, as in 50 or 2.5%",
            shown(value)
        )),
    }
}

/// A duration from 1 ms to a year: `500ms`, `2s`, `5m`.
///
/// # Errors
///
/// A text that shows the value and the form.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(proto::cli::duration("500ms".as_ref()), Ok(Duration::from_millis(500)));
/// assert!(proto::cli::duration("5".as_ref()).is_err());
/// ```
pub fn duration(value: &OsStr) -> Result<Duration, String> {
    split(value)
        .and_then(|(number, unit)| match unit {
            "ms" => Some(Duration::from_millis(number)),
            "s" => Some(Duration::from_secs(number)),
            "m" => number.checked_mul(60).map(Duration::from_secs),
            _ => None,
        })
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| {
            let value = shown(value);
            format!("{value} is not a duration from 1ms to a year, as in 500ms, 2s or 5m")
        })
}

/// A [`duration`], or `none` for "without limit".
///
/// # Errors
///
/// Those of [`duration`].
///
/// ```
/// use proto::cli::duration_or_none;
///
/// assert_eq!(duration_or_none("none".as_ref()), Ok(None));
/// assert!(duration_or_none("0s".as_ref()).is_err());
/// ```
pub fn duration_or_none(value: &OsStr) -> Result<Option<Duration>, String> {
    if value == "none" {
        return Ok(None);
    }
    match duration(value) {
        Ok(duration) => Ok(Some(duration)),
        Err(why) => Err(format!("{why}, or none")),
    }
}

/// An [`Endpoint`]. A host or an address alone takes `default_port`.
///
/// # Errors
///
/// A text that shows the value and the rule.
///
/// ```
/// assert!(proto::cli::endpoint("unix:/tmp/upper.sock".as_ref(), 8080).is_ok());
/// assert!(proto::cli::endpoint("localhost".as_ref(), 8080).is_ok());
/// assert!(proto::cli::endpoint("localhost:".as_ref(), 8080).is_err());
/// ```
pub fn endpoint(value: &OsStr, default_port: u16) -> Result<Endpoint, String> {
    Endpoint::parse_with_port(text(value)?, default_port).map_err(|error| error.to_string())
}

/// An [`Endpoint`] for UDP: a host and a port, not a Unix-domain path.
///
/// # Errors
///
/// A text that shows the value and the rule.
///
/// ```
/// assert!(proto::cli::udp_endpoint("[::1]:8080".as_ref(), 8080).is_ok());
/// assert!(proto::cli::udp_endpoint("unix:/tmp/upper.sock".as_ref(), 8080).is_err());
/// ```
pub fn udp_endpoint(value: &OsStr, default_port: u16) -> Result<Endpoint, String> {
    match endpoint(value, default_port)? {
        Endpoint::Unix(_) => Err(format!(
            "{} is a Unix-domain path; UDP needs HOST:PORT",
            shown(value)
        )),
        endpoint => Ok(endpoint),
    }
}

/// Checks that the endpoint is one to connect to: port 0 is for servers.
///
/// # Errors
///
/// A text that shows the endpoint, for port 0.
///
/// ```
/// use proto::cli;
///
/// let server = |value: &str| cli::endpoint(value.as_ref(), 8080).and_then(cli::real_port);
/// assert!(server("localhost:80").is_ok());
/// assert_eq!(
///     server("localhost:0"),
///     Err(r#""localhost:0" has port 0, which only a server takes"#.to_owned())
/// );
/// ```
pub fn real_port(endpoint: Endpoint) -> Result<Endpoint, String> {
    match endpoint.port() {
        Some(0) => Err(format!(
            "{} has port 0, which only a server takes",
            quoted(endpoint.to_string().as_bytes(), 100)
        )),
        _ => Ok(endpoint),
    }
}

/// One of several words, each with its meaning.
///
/// # Errors
///
/// A text that shows the value and the words.
///
/// ```
/// use proto::cli::choice;
///
/// let words = [("slow", 1), ("fast", 2)];
/// assert_eq!(choice("fast".as_ref(), &words), Ok(2));
/// assert!(choice("faster".as_ref(), &words).is_err());
/// ```
pub fn choice<T: Copy>(value: &OsStr, words: &[(&str, T)]) -> Result<T, String> {
    words
        .iter()
        .find(|(word, _)| value == *word)
        .map(|&(_, meaning)| meaning)
        .ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!(
                "{} is unknown; choose from {}",
                shown(value),
                words.join(", ")
            )
        })
}

/// A duration for a log or an error: `300s`, `1.250s`, `20ms`, `0.4ms`.
///
/// ```
/// use std::time::Duration;
/// use proto::cli::show_duration;
///
/// assert_eq!(show_duration(Duration::from_secs(300)), "300s");
/// assert_eq!(show_duration(Duration::from_millis(1250)), "1.250s");
/// assert_eq!(show_duration(Duration::from_millis(20)), "20ms");
/// assert_eq!(show_duration(Duration::from_micros(440)), "0.4ms");
/// ```
pub fn show_duration(duration: Duration) -> String {
    if duration.subsec_millis() == 0 && duration.as_secs() > 0 {
        format!("{}s", duration.as_secs())
    } else if duration.as_secs() > 0 {
        format!("{:.3}s", duration.as_secs_f64())
    } else if duration.subsec_micros().is_multiple_of(1000) {
        format!("{}ms", duration.as_millis())
    } else {
        format!("{:.1}ms", duration.as_secs_f64() * 1000.0)
    }
}

/// A number of bytes in the form in which [`size`] reads it: `64KiB`, `1000`.
///
/// ```
/// use proto::cli::show_bytes;
///
/// assert_eq!([show_bytes(65_536), show_bytes(1000)], ["64KiB", "1000"]);
/// ```
pub fn show_bytes(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_numbers_with_a_known_unit_are_accepted() {
        for bad in [
            "",
            "s",
            "5",
            "-5s",
            "+5s",
            "5 s",
            "5S",
            "5h",
            "0s",
            "1.5s",
            "999999999999999999m",
            "99999999999999999999s",
            "٥s",
        ] {
            assert!(duration(bad.as_ref()).is_err(), "{bad}");
        }
        for bad in [
            "",
            "KiB",
            "1kib",
            "1 KiB",
            "-1",
            "0x10",
            "18446744073709551615GiB",
        ] {
            assert!(size(bad.as_ref(), 0..=u64::MAX).is_err(), "{bad}");
        }
        for bad in ["", "1x", "101", "-1"] {
            assert!(count(bad.as_ref(), 0..=100).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_shows_the_value_and_what_is_accepted() {
        let error = size("huge".as_ref(), 1..=1 << 20).unwrap_err();
        assert_eq!(
            error,
            "\"huge\" is not a size from 1 to 1MiB, as in 1024 or 64KiB"
        );
        let error = choice("x".as_ref(), &[("raw", 1), ("length", 2)]).unwrap_err();
        assert_eq!(error, "\"x\" is unknown; choose from raw, length");
    }

    #[test]
    fn none_is_a_duration_only_where_it_is_allowed() {
        assert_eq!(duration_or_none("none".as_ref()), Ok(None));
        assert!(duration("none".as_ref()).is_err());
    }
}
