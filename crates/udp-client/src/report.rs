//! The report on all messages, as `ping` shows it.

use std::fmt;
use std::process::ExitCode;

use proto::escape::many;

use crate::exchange::Stragglers;
use crate::outcome::{Answer, Loss};
use crate::times::Times;

/// Counts messages and keeps their round-trip times.
#[derive(Debug, Default)]
pub struct Report {
    answered: u32,
    lost: u32,
    retries: u32,
    cut: u32,
    too_long: u32,
    not_sent: u32,
    stragglers: Stragglers,
    /// The times of the messages that were answered without a retry.
    round_trips: Times,
}

impl Report {
    /// Counts one message.
    pub fn add(&mut self, result: &Result<Answer, Loss>) {
        let tries = match result {
            Ok(answer) => {
                self.answered += 1;
                self.cut += u32::from(answer.cut);
                if let Some(time) = answer.round_trip {
                    self.round_trips.add(time);
                }
                answer.tries
            }
            Err(Loss::NoAnswer { tries, .. } | Loss::Unreachable { tries, .. }) => {
                self.lost += 1;
                *tries
            }
            Err(Loss::TooLong) => {
                self.too_long += 1;
                0
            }
            Err(Loss::NotSent(_)) => {
                self.not_sent += 1;
                0
            }
        };
        self.retries += tries.saturating_sub(1);
    }

    /// Adds the late answers.
    pub fn stragglers(&mut self, stragglers: Stragglers) {
        self.stragglers.late += stragglers.late;
        self.stragglers.duplicates += stragglers.duplicates;
    }

    /// 1 if any message was lost, cut or not sent. `ping` does the same if it is given both a count
    /// and a deadline.
    pub fn exit_code(&self) -> ExitCode {
        let missing = self.lost + self.cut + self.too_long + self.not_sent;
        ExitCode::from(u8::from(missing > 0))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answered, lost) = (self.answered, self.lost);
        let sent = answered + lost;
        let percent = percent(lost, sent);
        let retries = many(self.retries, "retry", "retries");
        write!(
            f,
            "{sent} sent, {answered} answered, {lost} lost ({percent}), {retries}"
        )?;
        let Stragglers { late, duplicates } = self.stragglers;
        if late > 0 {
            write!(f, ", {late} late")?;
        }
        if duplicates > 0 {
            write!(f, ", {}", many(duplicates, "duplicate", "duplicates"))?;
        }
        for (count, name) in [
            (self.cut, "cut"),
            (self.too_long, "too long to send"),
            (self.not_sent, "not sent"),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}")?;
            }
        }
        write!(f, "{}", self.round_trips)
    }
}

/// With one decimal. A share is shown as 0% or 100% only if it is exactly that.
fn percent(part: u32, all: u32) -> String {
    let percent = 100.0 * f64::from(part) / f64::from(all.max(1));
    if part > 0 && percent < 0.1 {
        "<0.1%".to_owned()
    } else if part < all && percent > 99.9 {
        ">99.9%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(millis: u64) -> Result<Answer, Loss> {
        Ok(Answer {
            size: 0,
            reply: Vec::new(),
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
    fn percentages_are_0_or_100_only_for_none_or_all() {
        for (lost, sent, shown) in [
            (0, 0, "0.0%"),
            (0, 9, "0.0%"),
            (1, 100_000, "<0.1%"),
            (1, 1001, "<0.1%"),
            (1, 1000, "0.1%"),
            (1, 3, "33.3%"),
            (999, 1000, "99.9%"),
            (9999, 10_000, ">99.9%"),
            (9, 9, "100.0%"),
        ] {
            assert_eq!(percent(lost, sent), shown, "{lost} of {sent}");
        }
    }

    #[test]
    fn every_kind_of_loss_is_reported_and_changes_the_status() {
        let (tries, strays) = (3, 0);
        let lost = Err(Loss::NoAnswer { tries, strays });
        let all = report(&[answer(1), lost, Err(Loss::TooLong)]);
        assert!(
            all.to_string().starts_with(
                "2 sent, 1 answered, 1 lost (50.0%), 2 retries, 1 too long to send; rtt"
            )
        );
        let cut = Ok(Answer {
            size: 1,
            reply: vec![b'A'],
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
            "1 sent, 1 answered, 0 lost (0.0%), 1 retry, 2 late, 3 duplicates, 1 cut"
        );
        let source = std::io::ErrorKind::AddrNotAvailable.into();
        let local = report(&[Err(Loss::of_send(0, source))]);
        assert_eq!(
            local.to_string(),
            "0 sent, 0 answered, 0 lost (0.0%), 0 retries, 1 not sent"
        );
        for report in [all, cut, local, report(&[Err(Loss::TooLong)])] {
            assert_eq!(report.exit_code(), ExitCode::from(1));
        }
        assert_eq!(report(&[answer(1)]).exit_code(), ExitCode::SUCCESS);
    }
}
