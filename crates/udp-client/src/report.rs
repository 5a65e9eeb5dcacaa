//! What became of all messages, as `ping` tells it.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use crate::exchange::Stragglers;
use crate::outcome::{Answer, Loss};

/// Counts messages and keeps their round-trip times.
#[derive(Debug, Default)]
pub struct Report {
    sent: u32,
    answered: u32,
    retries: u32,
    cut: u32,
    unsent: u32,
    stragglers: Stragglers,
    /// Of the messages that were answered without being sent again.
    round_trips: Vec<Duration>,
}

impl Report {
    /// Counts one message.
    pub fn add(&mut self, result: &Result<Answer, Loss>) {
        let tries = match result {
            Ok(answer) => {
                self.answered += 1;
                self.cut += u32::from(answer.cut);
                self.round_trips.extend(answer.round_trip);
                answer.tries
            }
            Err(Loss::NoAnswer { tries, .. } | Loss::Unreachable { tries, .. }) => *tries,
            Err(Loss::TooLong) => {
                self.unsent += 1;
                return;
            }
        };
        self.sent += 1;
        self.retries += tries.saturating_sub(1);
    }

    /// Adds what came after its message was over.
    pub fn stragglers(&mut self, stragglers: Stragglers) {
        self.stragglers = stragglers;
    }

    fn lost(&self) -> u32 {
        self.sent - self.answered
    }

    /// 1 when anything was lost, if only the end of a message: as `ping` does where it is told both
    /// how many answers it wants and how long it may wait, which is always so here.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.lost() + self.cut + self.unsent > 0))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.lost();
        let Self {
            sent,
            answered,
            retries,
            ..
        } = self;
        write!(
            f,
            "{sent} sent, {answered} answered, {lost} lost, {retries} retries"
        )?;
        let Stragglers { late, duplicates } = self.stragglers;
        for (count, name) in [
            (late, "late"),
            (duplicates, "duplicates"),
            (self.cut, "cut"),
            (self.unsent, "too long to send"),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        let mut sorted = self.round_trips.clone();
        sorted.sort_unstable();
        if let [min, .., max] | [min @ max] = sorted[..] {
            let [min, median, max] =
                [min, median(&sorted), max].map(|time| time.as_secs_f64() * 1000.0);
            write!(f, "; rtt min/median/max = {min:.3}/{median:.3}/{max:.3} ms")?;
        }
        Ok(())
    }
}

/// The middle of times in order; between the middle two where their number is even.
fn median(sorted: &[Duration]) -> Duration {
    let upper = sorted.len() / 2;
    let lower = (sorted.len() - 1) / 2;
    (sorted[lower] + sorted[upper]) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(millis: u64) -> Result<Answer, Loss> {
        Ok(Answer {
            size: 0,
            kept: 0,
            cut: false,
            tries: 1,
            round_trip: Some(Duration::from_millis(millis)),
        })
    }

    fn report(results: &[Result<Answer, Loss>]) -> Report {
        let mut report = Report::default();
        results.iter().for_each(|result| report.add(result));
        report
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        let shown = report(&[answer(9), answer(1), answer(4)]).to_string();
        assert_eq!(
            shown,
            "3 sent, 3 answered, 0 lost, 0 retries; rtt min/median/max = 1.000/4.000/9.000 ms"
        );
        let shown = report(&[answer(4), answer(1)]).to_string();
        assert!(shown.ends_with("= 1.000/2.500/4.000 ms"), "{shown}");
        let shown = report(&[answer(5)]).to_string();
        assert!(shown.ends_with("= 5.000/5.000/5.000 ms"), "{shown}");
    }

    #[test]
    fn every_kind_of_loss_is_told_and_changes_the_status() {
        let lost = Loss::NoAnswer {
            tries: 3,
            strays: 0,
            within: Duration::from_secs(1),
        };
        let all = report(&[answer(1), Err(lost), Err(Loss::TooLong)]);
        assert!(
            all.to_string()
                .starts_with("2 sent, 1 answered, 1 lost, 2 retries, 1 too long to send; rtt")
        );
        let cut = Ok(Answer {
            size: 1,
            kept: 1,
            cut: true,
            tries: 2,
            round_trip: None,
        });
        let mut cut = report(&[cut]);
        cut.stragglers(Stragglers {
            late: 2,
            duplicates: 3,
        });
        assert_eq!(
            cut.to_string(),
            "1 sent, 1 answered, 0 lost, 1 retries, 2 late, 3 duplicates, 1 cut"
        );
        for report in [all, cut, report(&[Err(Loss::TooLong)])] {
            assert_eq!(report.exit_code(), ExitCode::from(1));
        }
        assert_eq!(report(&[answer(1)]).exit_code(), ExitCode::SUCCESS);
        assert_eq!(
            report(&[]).to_string(),
            "0 sent, 0 answered, 0 lost, 0 retries"
        );
    }
}
