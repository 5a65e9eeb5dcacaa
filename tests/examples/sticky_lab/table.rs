//! Shows the results as text.

use std::fmt::Write;

use proto::cli::show_duration;

use crate::Results;
use crate::experiment::{Experiment, Group, Reader};
use crate::options::READERS;
use crate::pieces::{Outcome, pieces, text, whole};

/// The usual width of a terminal, less one column.
const WIDTH: usize = 79;
/// The column in which the outcomes begin.
const COLUMN: usize = 39;

/// The text above the first experiment.
pub fn head() -> &'static str {
    "Each message is one send. [ ] is what one recv gave, | is where a send ended.\n\n \
     #  NODELAY  pause  reader  recv size  what came\n"
}

/// The messages of an experiment, shown when they differ from the previous one's.
pub fn sent(experiment: &Experiment) -> String {
    let messages = &experiment.messages;
    let texts: Vec<String> = whole(messages).iter().map(|&p| text(messages, p)).collect();
    format!("Sent: {}\n", texts.join(", "))
}

/// The question of a group.
pub fn heading(group: &Group) -> String {
    match group.heading {
        "" => String::new(),
        heading => format!("\n{heading}\n"),
    }
}

/// One experiment and its outcomes.
pub fn row(number: usize, experiment: &Experiment, outcomes: &[Outcome]) -> String {
    let mut rows = String::new();
    let mut start = format!(
        "{number:2}  {:7}  {:5}  {:6}  {:9}  ",
        on(experiment.nodelay),
        pause(experiment),
        reader(experiment.reader),
        experiment.recv_size
    );
    for outcome in outcomes {
        if experiment.runs > 1 {
            let _ = write!(start, "{:>3} of {} ", outcome.times, experiment.runs);
        }
        let indent = start.len();
        let mut line = start;
        for shown in boxes(experiment, outcome) {
            if line.len() > indent && line.len() + shown.len() > WIDTH {
                let _ = writeln!(rows, "{line}");
                line = " ".repeat(indent);
            }
            line.push_str(&shown);
        }
        let _ = writeln!(rows, "{line}");
        start = " ".repeat(COLUMN);
    }
    rows
}

/// The conclusion: how many pairs of experiments that differ only in `TCP_NODELAY`, and do not
/// depend on timing, had the same outcome.
pub fn verdict(results: &[Results<'_>]) -> String {
    let mut pairs = 0;
    let mut alike = 0;
    for (group, outcomes) in results {
        for (number, experiment) in group.experiments.iter().enumerate() {
            for (other_number, other) in group.experiments.iter().enumerate() {
                let is_pair = !experiment.nodelay && other.nodelay && comparable(experiment, other);
                pairs += usize::from(is_pair);
                alike += usize::from(is_pair && outcomes[number] == outcomes[other_number]);
            }
        }
    }
    match pairs {
        0 => String::new(),
        1 if alike == 1 => "\nWith NODELAY and without, the same came.\n".to_owned(),
        _ => format!("\nWith NODELAY and without, the same came: {alike} of {pairs} pairs.\n"),
    }
}

fn comparable(one: &Experiment, other: &Experiment) -> bool {
    let same = |e: &Experiment| (e.messages.clone(), e.pause, e.reader, e.recv_size);
    one.reader != Reader::Eager && same(one) == same(other)
}

fn boxes(experiment: &Experiment, outcome: &Outcome) -> Vec<String> {
    let messages = &experiment.messages;
    pieces(messages, &outcome.recvs)
        .into_iter()
        .map(|recv| {
            let texts: Vec<String> = recv.iter().map(|&p| text(messages, p)).collect();
            format!("[{}]", texts.join("|"))
        })
        .collect()
}

/// The value as the flag takes it.
pub fn on(nodelay: bool) -> &'static str {
    if nodelay { "on" } else { "off" }
}

/// The value as the flag takes it.
pub fn pause(experiment: &Experiment) -> String {
    experiment
        .pause
        .map_or_else(|| "none".to_owned(), show_duration)
}

/// The value as the flag takes it.
pub fn reader(reader: Reader) -> &'static str {
    let word = |(word, meaning): &(&'static str, Reader)| (*meaning == reader).then_some(*word);
    READERS.iter().find_map(word).unwrap_or_default()
}
