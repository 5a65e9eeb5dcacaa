//! How wiretap bends the line between two programs: a table of settings for each direction.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::cli;

use crate::event::Side;

/// The ways to bend one direction, in the order of [`TABLE`].
#[derive(Clone, Copy, Debug)]
pub enum Bend {
    Chop,
    Hold,
    Rate,
    CloseAfter,
    ResetAfter,
    StallAfter,
    Delay,
    Jitter,
    Drop,
    Duplicate,
    Reorder,
}

/// The unit of a setting.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Bytes,
    Microseconds,
    BytesASecond,
    Millionths,
}

/// The name and the unit of each setting.
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

/// The settings that apply to connections and to datagrams, as places in [`TABLE`].
pub const OF_CONNECTIONS: Range<usize> = 0..Bend::Drop as usize;
pub const OF_DATAGRAMS: Range<usize> = Bend::Delay as usize..TABLE.len();

impl Unit {
    fn parse(self, value: &OsStr) -> Result<u64, String> {
        if value == "0" {
            return Ok(0);
        }
        let without = |unit: &str| Ok::<_, String>(cli::text(value)?.trim_end_matches(unit));
        match self {
            Self::Bytes => cli::size(value, 1..=1 << 40),
            Self::Microseconds => cli::duration(value).map(|time| time.as_micros() as u64),
            Self::BytesASecond => cli::size(without("/s")?.as_ref(), 1..=1 << 40)
                .map_err(|_| format!("{value:?} is not a rate, as in 1000/s or 64KiB/s")),
            Self::Millionths => match without("%")?.parse::<f64>() {
                Ok(percent @ 0.0..=100.0) => Ok((percent * 1e4).round() as u64),
                _ => Err(format!(
                    "{value:?} is not a percentage from 0 to 100, as in 50 or 2.5%"
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

/// The settings of both directions, which the page may change during a conversation. Zero turns a
/// setting off.
#[derive(Debug, Default)]
pub struct Line {
    numbers: [[AtomicU64; TABLE.len()]; 2],
    /// The seed of the random decisions.
    pub seed: u64,
}

impl Line {
    /// A setting for what `from` sends, in its unit.
    pub fn number(&self, from: Side, bend: Bend) -> u64 {
        self.numbers[from as usize][bend as usize].load(Ordering::Relaxed)
    }

    /// A setting in time.
    pub fn time(&self, from: Side, bend: Bend) -> Duration {
        Duration::from_micros(self.number(from, bend))
    }

    /// Whether any setting for what `from` sends is on. Takes no lock.
    pub fn is_bent(&self, from: Side) -> bool {
        let mut numbers = self.numbers[from as usize].iter();
        numbers.any(|number| number.load(Ordering::Relaxed) != 0)
    }

    /// The name of each of these settings, and its value in the form that a flag takes.
    pub fn all(
        &self,
        from: Side,
        useful: Range<usize>,
    ) -> impl Iterator<Item = (&'static str, String)> {
        let numbers = &self.numbers[from as usize];
        useful.map(|place| {
            let (name, unit) = TABLE[place];
            (name, unit.show(numbers[place].load(Ordering::Relaxed)))
        })
    }

    /// Describes in words what happens to bytes of `from` that are sent with the delay `late`.
    pub fn words(&self, from: Side, late: Duration) -> Vec<String> {
        let mut words = Vec::new();
        if !late.is_zero() {
            words.push(format!("delayed {}", cli::show_duration(late)));
        }
        for (bend, verb) in [
            (Bend::Hold, "held"),
            (Bend::Chop, "chopped to"),
            (Bend::Rate, "slowed to"),
        ] {
            let number = self.number(from, bend);
            if number != 0 {
                words.push(format!("{verb} {}", TABLE[bend as usize].1.show(number)));
            }
        }
        words
    }

    /// Whether a bend with a percentage applies to the `number`-th datagram of `from`.
    pub fn is_hit(&self, bend: Bend, from: Side, number: u64) -> bool {
        self.chance(from, number, bend) < self.number(from, bend) as f64 / 1e6
    }

    /// The delay of the `number`-th piece of `from`.
    pub fn late(&self, from: Side, number: u64) -> Duration {
        let jitter = self.chance(from, number, Bend::Jitter);
        self.time(from, Bend::Delay) + self.time(from, Bend::Jitter).mul_f64(jitter)
    }

    /// Changes one of the `useful` settings, for one direction.
    ///
    /// # Errors
    ///
    /// A message that shows the name, or the value and the expected form.
    pub fn set(
        &self,
        from: Side,
        mut useful: Range<usize>,
        name: &str,
        value: &OsStr,
    ) -> Result<(), String> {
        let place = useful.find(|place| TABLE[*place].0 == name);
        let place = place.ok_or_else(|| format!("{name:?} is not a setting of this traffic"))?;
        let number = TABLE[place].1.parse(value)?;
        self.numbers[from as usize][place].store(number, Ordering::Relaxed);
        Ok(())
    }

    /// Sets a flag: `VALUE` for both directions, `client:VALUE` for what the client sends,
    /// `server:VALUE` for what the server sends.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn set_flag(&self, name: &str, value: &OsStr) -> Result<(), String> {
        let set = |side, value| self.set(side, 0..TABLE.len(), name, value);
        let of_one = value.to_str().and_then(|text| text.split_once(':'));
        let of_one = of_one.and_then(|(side, value)| Some((Side::named(side)?, value)));
        match of_one {
            Some((side, value)) => set(side, value.as_ref()),
            None => Side::BOTH.into_iter().try_for_each(|side| set(side, value)),
        }
    }

    /// A setting that is on but not among the `useful` ones.
    pub fn idle_setting(&self, useful: &Range<usize>) -> Option<&'static str> {
        let is_on = |number: &AtomicU64| number.load(Ordering::Relaxed) != 0;
        let is_set = |place: &usize| self.numbers.iter().any(|side| is_on(&side[*place]));
        let mut others = (0..TABLE.len()).filter(|place| !useful.contains(place));
        others.find(is_set).map(|place| TABLE[place].0)
    }

    /// A random number from 0 up to 1 for the `number`-th datagram of a direction. It depends only
    /// on the seed and the arguments, so that a run can be repeated.
    fn chance(&self, from: Side, number: u64, bend: Bend) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, from, number, bend as usize).hash(&mut hasher);
        hasher.finish() as f64 / 2_f64.powi(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &Line, from: Side, name: &str) -> String {
        let mut all = line.all(from, 0..TABLE.len());
        all.find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn every_setting_is_shown_in_the_form_it_is_parsed_from() {
        for ((name, ..), value) in TABLE.into_iter().zip([
            "3", "50ms", "64KiB/s", "10", "11", "1KiB", "2s", "1ms", "50%", "2.5%", "100%",
        ]) {
            let line = Line::default();
            assert_eq!(shown(&line, Side::Client, name), "0", "{name}");
            line.set_flag(name, value.as_ref()).unwrap();
            for side in Side::BOTH {
                assert_eq!(shown(&line, side, name), value, "{name}");
                assert!(line.is_bent(side));
            }
            line.set_flag(name, "0".as_ref()).unwrap();
            assert!(!line.is_bent(Side::Client), "{name}");
        }
    }

    #[test]
    fn a_flag_may_name_one_side() {
        let line = Line::default();
        line.set_flag("chop", "server:4".as_ref()).unwrap();
        assert_eq!(line.number(Side::Server, Bend::Chop), 4);
        assert!(!line.is_bent(Side::Client));
    }

    #[test]
    fn wrong_values_are_refused() {
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
    fn chances_are_uniform_and_repeatable_with_a_seed() {
        let of = |seed| {
            let line = Line {
                seed,
                ..Line::default()
            };
            (0..10_000).map(move |n| line.chance(Side::Client, n, Bend::Drop))
        };
        assert!(of(1).eq(of(1)));
        assert!(of(1).ne(of(2)));
        for seed in 0..4 {
            let lost = of(seed).filter(|chance| *chance < 0.3).count();
            assert!((2_800..3_200).contains(&lost), "{lost}");
        }
    }

    #[test]
    fn a_setting_without_effect_is_found() {
        let line = Line::default();
        line.set_flag("delay", "1s".as_ref()).unwrap();
        for useful in [OF_CONNECTIONS, OF_DATAGRAMS] {
            assert_eq!(line.idle_setting(&useful), None);
        }
        line.set_flag("drop", "server:1".as_ref()).unwrap();
        assert_eq!(line.idle_setting(&OF_CONNECTIONS), Some("drop"));
        assert_eq!(line.idle_setting(&OF_DATAGRAMS), None);
    }
}
