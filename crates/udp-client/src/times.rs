//! Statistics of round-trip times, in bounded memory.

use std::fmt;
use std::time::Duration;

/// How many times are kept. If there are more, every second one is dropped.
const MAX_KEPT: usize = 4096;

/// The minimum, median, maximum and jitter of many times. The median is exact for up to 4096 times;
/// for more it is that of an even sample.
#[derive(Debug, Default)]
pub struct Times {
    kept: Vec<Duration>,
    /// One in 2 to the power of `halvings` times is kept.
    halvings: u32,
    count: u64,
    min: Duration,
    max: Duration,
    last: Duration,
    /// The sum of the differences between successive times.
    differences: Duration,
}

impl Times {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        if self.count.is_multiple_of(1 << self.halvings) {
            if self.kept.len() == MAX_KEPT {
                self.kept = self.kept.iter().copied().step_by(2).collect();
                self.halvings += 1;
            }
            self.kept.push(time);
        }
        if self.count == 0 {
            self.min = time;
        } else {
            self.differences += time.abs_diff(self.last);
        }
        self.count += 1;
        self.last = time;
        self.min = self.min.min(time);
        self.max = self.max.max(time);
    }

    /// The median: for an even number, the mean of the middle two.
    fn median(&self) -> Duration {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        (sorted[lower] + sorted[upper]) / 2
    }
}

/// `; rtt min/median/max/jitter = ...`, or nothing without times. The jitter is the mean difference
/// between successive times.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return Ok(());
        }
        let gaps = u32::try_from(self.count - 1).unwrap_or(u32::MAX).max(1);
        let jitter = self.differences / gaps;
        let [min, median, max, jitter] = [self.min, self.median(), self.max, jitter].map(millis);
        write!(
            f,
            "; rtt min/median/max/jitter = {min:.3}/{median:.3}/{max:.3}/{jitter:.3} ms"
        )
    }
}

/// A time in milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(millis: impl IntoIterator<Item = u64>) -> String {
        let mut times = Times::default();
        millis
            .into_iter()
            .for_each(|time| times.add(Duration::from_millis(time)));
        times.to_string()
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        for (times, expected) in [
            (&[9, 1, 4][..], "1.000/4.000/9.000/5.500 ms"),
            (&[4, 1], "1.000/2.500/4.000/3.000 ms"),
            (&[5], "5.000/5.000/5.000/0.000 ms"),
        ] {
            let shown = shown(times.iter().copied());
            assert_eq!(shown, format!("; rtt min/median/max/jitter = {expected}"));
        }
        assert_eq!(shown([]), "");
    }

    #[test]
    fn memory_does_not_grow_and_the_median_stays_close() {
        let mut times = Times::default();
        for number in 0..1_000_000_u64 {
            times.add(Duration::from_millis(number % 1000));
        }
        assert!(times.kept.len() <= MAX_KEPT);
        let median = times.median().as_millis();
        assert!((450..550).contains(&median), "{median}");
    }
}
