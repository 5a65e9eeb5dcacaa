//! Log lines on stderr, each with its time in UTC.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::failure::Failure;
use super::stderr::eprint;
use crate::net::{Trace, TraceEvent};

/// Writes log lines to stderr; `--quiet` and `--trace` choose which.
///
/// ```
/// use proto::cli::Log;
///
/// let log = Log { quiet: true, ..Log::default() };
/// log.info(format_args!("this is not shown"));
/// log.warning(format_args!("and this is"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    /// Hides everything but warnings and errors.
    pub quiet: bool,
    /// Also shows every call that sends or receives.
    pub trace: bool,
}

impl Log {
    /// Turns on what a flag of [`LOGGING`] names.
    ///
    /// # Panics
    ///
    /// If it names another flag: the tool's help text and its `set` differ.
    pub fn set(&mut self, name: &str) {
        match name {
            "--quiet" => self.quiet = true,
            "--trace" => self.trace = true,
            _ => unreachable!("set does not know {name}"),
        }
    }

    /// Information; hidden by `--quiet`.
    pub fn info(&self, text: fmt::Arguments<'_>) {
        if !self.quiet {
            line(text);
        }
    }

    /// A line without a time for the user of a client, such as its report at the end.
    pub fn note(&self, text: fmt::Arguments<'_>) {
        if !self.quiet {
            eprint(&format!("{text}\n"));
        }
    }

    /// A risk that the user should know of; shown even when quiet.
    pub fn warning(&self, text: fmt::Arguments<'_>) {
        line(format_args!("warning: {text}"));
    }

    /// Something went wrong; shown even when quiet.
    pub fn error(&self, text: fmt::Arguments<'_>) {
        line(format_args!("error: {text}"));
    }

    /// A failure that does not end the tool, printed like one that does.
    pub fn complain(&self, failure: &Failure) {
        eprint(&format!("error: {failure}\n"));
    }

    /// Wraps a stream so that `--trace` shows each read and write, with the name of `peer`.
    ///
    /// ```
    /// use std::io::Read;
    /// use proto::cli::Log;
    ///
    /// let log = Log::default();
    /// let mut text = String::new();
    /// log.traced("127.0.0.1:9", &b"hello"[..]).read_to_string(&mut text)?;
    /// assert_eq!(text, "hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn traced<S>(self, peer: impl Display, stream: S) -> Trace<S, impl FnMut(&TraceEvent<'_>)> {
        Trace::new(stream, move |event: &TraceEvent<'_>| {
            self.trace(&peer, event)
        })
    }

    /// Logs one call on the socket of `peer`, if `--trace` was given.
    pub fn trace(&self, peer: &dyn Display, event: &TraceEvent<'_>) {
        if self.trace {
            line(format_args!("{peer} {event}"));
        }
    }
}

/// The flags that [`Log::set`] knows.
pub const LOGGING: &str = "
Logging:
  --trace                   show on stderr every call that sends or receives
  --quiet                   only warnings and errors on stderr
";

/// Writes the whole line at once, so that lines of different threads do not mix.
fn line(text: fmt::Arguments<'_>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    eprint(&format!("{} {text}\n", timestamp(now)));
}

/// Time since 1970 as RFC 3339 writes it, in UTC: `2026-11-24T12:00:00.000001Z`.
fn timestamp(time: Duration) -> String {
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// The Gregorian date of a day counted from 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // If years begin on 1 March, a leap day is the last day of its year. 400 years have 146097
    // days.
    let days = days + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months of 31, 30, 31, 30, 31 days in turn: 153 days every five months.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (cycle * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_follow_rfc_3339() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_709_164_800, "2024-02-29T00:00:00.000000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(timestamp(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn dates_are_consecutive_for_five_hundred_years() {
        let mut before = date(0);
        for day in 1..200_000 {
            let now = date(day);
            let next_day = now == (before.0, before.1, before.2 + 1);
            let next_month = now == (before.0, before.1 + 1, 1) && before.2 >= 28;
            let next_year = now == (before.0 + 1, 1, 1) && before.1 == 12 && before.2 == 31;
            assert!(next_day || next_month || next_year, "{before:?} {now:?}");
            before = now;
        }
    }
}
