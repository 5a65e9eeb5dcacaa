//! How the line between two programs is bent: a table of settings, one set for each direction.

use std::ffi::OsStr;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::cli;

use crate::event::Side;

/// Something that can be done to the bytes of one direction.
#[derive(Clone, Copy, Debug)]
pub enum Bend {
    /// The largest number of bytes in a send.
    Chop,
    /// How long bytes are gathered before they are sent as one.
    Hold,
    /// Bytes a second.
    Rate,
    /// After so many bytes wiretap closes the connection.
    CloseAfter,
    /// After so many bytes wiretap resets the connection.
    ResetAfter,
    /// After so many bytes nothing is handed on any more.
    StallAfter,
    /// How much later everything arrives.
    Delay,
    /// How much later still, at random, up to this.
    Jitter,
    /// The share of datagrams that are lost.
    Drop,
    /// The share of datagrams that are sent twice.
    Duplicate,
    /// The share of datagrams that the next one overtakes.
    Reorder,
}

/// What the number of a setting counts.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Bytes,
    Microseconds,
    BytesASecond,
    Millionths,
}

/// The name and the unit of each setting, in the order of [`Bend`].
const TABLE: [(&str, Unit); 11] = [
    ("chop", Unit::Bytes),
    ("hold", Unit::Microseconds),
    ("rate", Unit::BytesASecond),
    ("close-after", Unit::Bytes),
    ("reset-after", Unit::Bytes),
    ("stall-after", Unit::Bytes),
    ("delay", Unit::Microseconds),
    ("jitter", Unit::Microseconds),
    ("drop", Unit::Millionths),
    ("duplicate", Unit::Millionths),
    ("reorder", Unit::Millionths),
];

/// Which of them do nothing to datagrams, and which do nothing to connections.
const FOR_CONNECTIONS: Range<usize> = 0..6;
const FOR_DATAGRAMS: Range<usize> = 8..11;

/// The largest number of bytes of a flag.
const LARGEST: u64 = 1 << 40;

impl Unit {
    fn parse(self, value: &OsStr) -> Result<u64, String> {
        if value == "0" {
            return Ok(0);
        }
        let without = |unit: &str| Ok::<_, String>(cli::text(value)?.trim_end_matches(unit));
        match self {
            Self::Bytes => cli::size(value, 1..=LARGEST),
            Self::Microseconds => cli::duration(value).map(|time| time.as_micros() as u64),
            Self::BytesASecond => cli::size(without("/s")?.as_ref(), 1..=LARGEST)
                .map_err(|_| format!("{value:?} is no rate, as in 1000/s or 64KiB/s")),
            Self::Millionths => match without("%")?.parse::<f64>() {
                Ok(percent @ 0.0..=100.0) => Ok((percent * 1e4).round() as u64),
                _ => Err(format!(
                    "{value:?} is no share from 0 to 100, as in 50 or 2.5%"
                )),
            },
        }
    }

    fn show(self, number: u64) -> String {
        match self {
            _ if number == 0 => "0".into(),
            Self::Bytes => cli::show_bytes(number),
            Self::Microseconds => cli::show_duration(Duration::from_micros(number)),
            Self::BytesASecond => format!("{}/s", cli::show_bytes(number)),
            Self::Millionths => format!("{}%", number as f64 / 1e4),
        }
    }
}

/// The settings of one direction, which the page may change while bytes cross. Zero, everywhere, is
/// "nothing".
#[derive(Debug, Default)]
pub struct Bends([AtomicU64; TABLE.len()]);

impl Bends {
    /// A setting in bytes, or bytes a second.
    pub fn bytes(&self, bend: Bend) -> u64 {
        self.0[bend as usize].load(Ordering::Relaxed)
    }

    /// A setting in time.
    pub fn time(&self, bend: Bend) -> Duration {
        Duration::from_micros(self.bytes(bend))
    }

    /// Whether anything is done. Costs no lock.
    pub fn is_bent(&self) -> bool {
        self.0
            .iter()
            .any(|number| number.load(Ordering::Relaxed) != 0)
    }

    /// The name of each setting, and its value as a flag takes it.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, String)> {
        let shown = |(&(name, unit), number): (&(_, Unit), &AtomicU64)| {
            (name, unit.show(number.load(Ordering::Relaxed)))
        };
        TABLE.iter().zip(&self.0).map(shown)
    }

    /// What happens to bytes that leave so `late`, in words.
    pub fn words(&self, late: Duration) -> String {
        let mut words = Vec::new();
        if !late.is_zero() {
            words.push(format!("delayed {}", cli::show_duration(late)));
        }
        for (name, value) in self.all().filter(|(_, value)| value != "0") {
            match name {
                "hold" => words.push(format!("held {value}")),
                "chop" => words.push(format!("chopped to {value}")),
                "rate" => words.push(format!("slowed to {value}")),
                _ => {}
            }
        }
        words.join(", ")
    }
}

/// The settings of both directions.
#[derive(Debug, Default)]
pub struct Line {
    directions: [Bends; 2],
    /// What decides about chances.
    pub seed: u64,
}

impl Line {
    /// What is done to what `from` sends.
    pub const fn bends(&self, from: Side) -> &Bends {
        &self.directions[from as usize]
    }

    /// Whether a bend with a share meets the `number`-th datagram of `from`.
    pub fn is_hit(&self, bend: Bend, from: Side, number: u64) -> bool {
        let share = self.bends(from).bytes(bend) as f64 / 1e6;
        chance(self.seed, from, number, bend) < share
    }

    /// How much later the `number`-th piece of `from` arrives.
    pub fn late(&self, from: Side, number: u64) -> Duration {
        let bends = self.bends(from);
        let jitter = chance(self.seed, from, number, Bend::Jitter);
        bends.time(Bend::Delay) + bends.time(Bend::Jitter).mul_f64(jitter)
    }

    /// Changes one setting of one direction.
    ///
    /// # Errors
    ///
    /// A text that shows the value and the form.
    pub fn set(&self, from: Side, name: &str, value: &OsStr) -> Result<(), String> {
        let place = TABLE.iter().position(|(known, _)| *known == name);
        let place = place.ok_or_else(|| format!("{name:?} is no setting"))?;
        let number = TABLE[place].1.parse(value)?;
        self.bends(from).0[place].store(number, Ordering::Relaxed);
        Ok(())
    }

    /// Sets a flag: `VALUE` for both directions, `client:VALUE` for what the client sends,
    /// `server:VALUE` for what the server sends.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn set_flag(&self, name: &str, value: &OsStr) -> Result<(), String> {
        let of_one = value.to_str().and_then(|text| text.split_once(':'));
        if let Some((side, rest)) = of_one
            && let Some(side) = Side::named(side)
        {
            return self.set(side, name, rest.as_ref());
        }
        Side::BOTH
            .into_iter()
            .try_for_each(|side| self.set(side, name, value))
    }

    /// A setting that does nothing to datagrams, or to connections, and was set all the same.
    pub fn idle_setting(&self, is_udp: bool) -> Option<&'static str> {
        let idle = match is_udp {
            true => FOR_CONNECTIONS,
            false => FOR_DATAGRAMS,
        };
        let is_set = |place: &usize| {
            let number = |side| self.bends(side).0[*place].load(Ordering::Relaxed);
            Side::BOTH.into_iter().any(|side| number(side) != 0)
        };
        idle.into_iter().find(is_set).map(|place| TABLE[place].0)
    }
}

/// What decides whether a bend meets the `number`-th datagram of a direction, from 0 up to 1: the same
/// for the same seed, whatever the clock does.
fn chance(seed: u64, from: Side, number: u64, bend: Bend) -> f64 {
    // SplitMix64's output function over the mixed inputs.
    let which = number << 5 | (bend as u64) << 1 | from as u64;
    let mut mixed = seed.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ which;
    mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &Line, from: Side, name: &str) -> String {
        let bends = line.bends(from);
        let found = bends.all().find(|(known, _)| *known == name);
        found.unwrap().1
    }

    #[test]
    fn every_setting_shows_what_it_takes() {
        for ((name, _), value) in TABLE.into_iter().zip([
            "3", "50ms", "64KiB/s", "10", "11", "1KiB", "2s", "1ms", "50%", "2.5%", "100%",
        ]) {
            let line = Line::default();
            assert_eq!(shown(&line, Side::Client, name), "0", "{name}");
            line.set_flag(name, value.as_ref()).unwrap();
            for side in Side::BOTH {
                assert_eq!(shown(&line, side, name), value, "{name}");
                assert!(line.bends(side).is_bent());
            }
            line.set_flag(name, "0".as_ref()).unwrap();
            assert!(!line.bends(Side::Client).is_bent(), "{name}");
        }
    }

    #[test]
    fn a_flag_may_name_one_side() {
        let line = Line::default();
        line.set_flag("chop", "server:4".as_ref()).unwrap();
        assert_eq!(line.bends(Side::Server).bytes(Bend::Chop), 4);
        assert!(!line.bends(Side::Client).is_bent());
    }

    #[test]
    fn wrong_values_are_refused_with_the_form() {
        let line = Line::default();
        for (name, value) in [
            ("chop", "-1"),
            ("chop", ""),
            ("hold", "5"),
            ("rate", "fast"),
            ("drop", "101"),
            ("drop", "NaN"),
            ("drop", "-1"),
            ("reorder", "some"),
            ("chop", "nobody:3"),
        ] {
            assert!(
                line.set_flag(name, value.as_ref()).is_err(),
                "{name} {value}"
            );
        }
        assert!(line.set_flag("bend", "1".as_ref()).is_err());
    }

    #[test]
    fn chances_are_even_and_the_same_for_a_seed() {
        let of = |seed| (0..10_000).map(move |n| chance(seed, Side::Client, n, Bend::Drop));
        assert!(of(1).eq(of(1)));
        assert!(of(1).ne(of(2)));
        for seed in 0..4 {
            let lost = of(seed).filter(|chance| *chance < 0.3).count();
            assert!((2_800..3_200).contains(&lost), "{lost}");
        }
    }
}
