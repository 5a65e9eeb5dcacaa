//! How wiretap bends the line between two programs: a table of settings for each direction.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::cli;

use crate::event::Side;

/// The unit of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Bytes,
    Microseconds,
    BytesASecond,
    Millionths,
}

/// A way to bend one direction: its place in [`ALL`], the name of its setting, and the unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bend(usize, pub &'static str, Unit);

pub const CHOP: Bend = Bend(0, "chop", Unit::Bytes);
pub const HOLD: Bend = Bend(1, "hold", Unit::Microseconds);
pub const RATE: Bend = Bend(2, "rate", Unit::BytesASecond);
pub const CLOSE: Bend = Bend(3, "close-after", Unit::Bytes);
pub const RESET: Bend = Bend(4, "reset-after", Unit::Bytes);
pub const STALL: Bend = Bend(5, "stall-after", Unit::Bytes);
const DELAY: Bend = Bend(6, "delay", Unit::Microseconds);
const JITTER: Bend = Bend(7, "jitter", Unit::Microseconds);
pub const DROP: Bend = Bend(8, "drop", Unit::Millionths);
pub const DUPLICATE: Bend = Bend(9, "duplicate", Unit::Millionths);
pub const REORDER: Bend = Bend(10, "reorder", Unit::Millionths);

const ALL: [Bend; 11] = [
    CHOP, HOLD, RATE, CLOSE, RESET, STALL, DELAY, JITTER, DROP, DUPLICATE, REORDER,
];

/// The settings that apply to connections, and to datagrams.
pub const OF_CONNECTIONS: &[Bend] = ALL.split_at(DROP.0).0;
pub const OF_DATAGRAMS: &[Bend] = ALL.split_at(DELAY.0).1;

impl Bend {
    /// The bend that a flag names: `--chop`.
    pub fn named(flag: &str) -> Option<Self> {
        let name = flag.strip_prefix("--")?;
        ALL.into_iter().find(|bend| bend.1 == name)
    }
}

impl Unit {
    fn parse(self, value: &OsStr) -> Result<u64, String> {
        match self {
            _ if value == "0" => Ok(0),
            Self::Bytes => cli::size(value, 1..=1 << 40),
            Self::Microseconds => cli::duration(value).map(|time| time.as_micros() as u64),
            Self::BytesASecond => cli::rate(value, 1..=1 << 40),
            Self::Millionths => cli::percentage(value).map(|it| (it * 1e4).round() as u64),
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

/// The number of a conversation, and the number of a recv in one of its directions.
pub type Piece = (u64, u64);

/// The settings of both directions, which the page may change during a conversation. Zero turns a
/// setting off.
#[derive(Debug, Default)]
pub struct Line {
    numbers: [[AtomicU64; ALL.len()]; 2],
    /// The seed of the random decisions.
    pub seed: u64,
}

impl Line {
    /// A setting for what `from` sends, in its unit.
    pub fn number(&self, from: Side, bend: Bend) -> u64 {
        self.numbers[from as usize][bend.0].load(Ordering::Relaxed)
    }

    /// A setting in time.
    pub fn time(&self, from: Side, bend: Bend) -> Duration {
        Duration::from_micros(self.number(from, bend))
    }

    /// A setting in the form that a flag takes.
    pub fn shown(&self, from: Side, bend: Bend) -> String {
        bend.2.show(self.number(from, bend))
    }

    /// Whether any setting for what `from` sends is on. Takes no lock.
    pub fn is_bent(&self, from: Side) -> bool {
        ALL.iter().any(|bend| self.number(from, *bend) != 0)
    }

    /// Describes in words what happens to a piece of `from` that is sent with the delay `late`.
    pub fn words(&self, from: Side, late: Duration, overtaken: bool, twice: bool) -> String {
        let shown = |bend| Some(self.shown(from, bend)).filter(|value| value != "0");
        let delay = Some(late).filter(|late| !late.is_zero());
        let all = [
            ("delayed ", delay.map(cli::show_duration)),
            ("held ", shown(HOLD)),
            ("chopped to ", shown(CHOP)),
            ("slowed to ", shown(RATE)),
            ("overtaken", overtaken.then(String::new)),
            ("sent twice", twice.then(String::new)),
        ];
        let said = all
            .into_iter()
            .filter_map(|(what, value)| Some(what.to_owned() + &value?));
        said.collect::<Vec<_>>().join(", ")
    }

    /// Whether a bend with a percentage applies to a piece of `from`.
    pub fn is_hit(&self, bend: Bend, from: Side, piece: Piece) -> bool {
        self.chance(from, piece, bend) < self.number(from, bend) as f64 / 1e6
    }

    /// The delay of a piece of `from`.
    pub fn late(&self, from: Side, piece: Piece) -> Duration {
        let jitter = self.chance(from, piece, JITTER);
        self.time(from, DELAY) + self.time(from, JITTER).mul_f64(jitter)
    }

    /// Changes a setting: `VALUE` for both directions, `client:VALUE` for what the client sends,
    /// `server:VALUE` for what the server sends.
    ///
    /// # Errors
    ///
    /// A message that shows the value and the expected form.
    pub fn set(&self, bend: Bend, value: &OsStr) -> Result<(), String> {
        let of_one = value.to_str().and_then(|text| text.split_once(':'));
        let of_one = of_one.and_then(|(side, value)| Some((Side::named(side)?, value)));
        let number = bend
            .2
            .parse(of_one.map_or(value, |(_, value)| value.as_ref()))?;
        for side in Side::BOTH {
            if of_one.is_none_or(|(one, _)| one == side) {
                self.numbers[side as usize][bend.0].store(number, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// A random number from 0 up to 1 for a piece of `from`. It depends only on the seed and the
    /// arguments, so that a run can be repeated.
    fn chance(&self, from: Side, piece: Piece, bend: Bend) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, from, piece, bend.0).hash(&mut hasher);
        hasher.finish() as f64 / 2_f64.powi(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_shown_in_the_form_it_is_parsed_from() {
        for (bend, value) in ALL.into_iter().zip([
            "3", "50ms", "64KiB/s", "10", "11", "1KiB", "2s", "1ms", "50%", "2.5%", "100%",
        ]) {
            let (line, name) = (Line::default(), bend.1);
            assert_eq!(line.shown(Side::Client, bend), "0", "{name}");
            line.set(bend, value.as_ref()).unwrap();
            for side in Side::BOTH {
                assert_eq!(line.shown(side, bend), value, "{name}");
                assert!(line.is_bent(side));
            }
            line.set(bend, "0".as_ref()).unwrap();
            assert!(!line.is_bent(Side::Client), "{name}");
        }
        assert!(ALL.iter().enumerate().all(|(place, bend)| place == bend.0));
    }

    #[test]
    fn what_happens_to_a_piece_is_said_in_words() {
        let line = Line::default();
        let words = |late, overtaken, twice| line.words(Side::Client, late, overtaken, twice);
        assert_eq!(words(Duration::ZERO, false, false), "");
        assert_eq!(words(Duration::ZERO, true, true), "overtaken, sent twice");
        line.set(HOLD, "50ms".as_ref()).unwrap();
        line.set(CHOP, "client:3".as_ref()).unwrap();
        line.set(RATE, "server:10/s".as_ref()).unwrap();
        let late = Duration::from_millis(20);
        assert_eq!(
            words(late, false, true),
            "delayed 20ms, held 50ms, chopped to 3, sent twice"
        );
    }

    #[test]
    fn a_flag_may_name_one_side() {
        let line = Line::default();
        line.set(CHOP, "server:4".as_ref()).unwrap();
        assert_eq!(line.number(Side::Server, CHOP), 4);
        assert!(!line.is_bent(Side::Client));
    }

    #[test]
    fn wrong_values_are_refused() {
        let line = Line::default();
        for (bend, value) in [
            (CHOP, "-1"),
            (CHOP, ""),
            (HOLD, "5"),
            (RATE, "fast"),
            (RATE, "1/s/s"),
            (DROP, "5%%"),
            (DROP, "101"),
            (DROP, "NaN"),
            (DROP, "-1"),
            (REORDER, "some"),
            (CHOP, "middle:3"),
        ] {
            let done = line.set(bend, value.as_ref());
            assert!(done.is_err(), "{bend:?} {value}");
        }
    }

    #[test]
    fn chances_are_uniform_and_repeatable_with_a_seed() {
        let of = |seed| {
            let line = Line {
                seed,
                ..Line::default()
            };
            (0..10_000).map(move |n| line.chance(Side::Client, (1, n), DROP))
        };
        assert!(of(1).eq(of(1)));
        assert!(of(1).ne(of(2)));
        for seed in 0..4 {
            let lost = of(seed).filter(|chance| *chance < 0.3).count();
            assert!((2_800..3_200).contains(&lost), "{lost}");
        }
    }
}
