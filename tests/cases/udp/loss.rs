//! What the client reports, against the books of a relay that loses, doubles, swaps and holds back
//! datagrams. Every seed is a run of its own, with its own server; they run side by side, because
//! most of their time is the client's waiting.

use std::process;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::process::Process;
use cross_process::relay::{Books, GOODBYE, Relay};

use super::{client, serve};

const SEEDS: u64 = 16;

/// Some alike, so that only the port tells whose a late answer is; one empty.
const MESSAGES: [&str; 6] = ["same", "same", "", "same", "n\u{ef}ve", "goodbye"];

/// The number before `name` in the report; zero where it is not there.
fn count(report: &str, name: &str) -> usize {
    let words: Vec<&str> = report.split([' ', ',', ';', '\n']).collect();
    let at = words.iter().position(|word| word.starts_with(name));
    let before = |at| words[..at].iter().rev().find(|word| !word.is_empty());
    at.and_then(before)
        .map_or(0, |number| number.parse().unwrap())
}

/// Runs the client against one relay and compares what both say.
fn compare(seed: u64, flags: &[&str]) -> Books {
    let mut server = serve(&["--stop-on-eof"]);
    let relay = Relay::start(server.addr(), seed);
    let mut client = Process::spawn(client(flags, relay.addr()));
    // One after the other, so that the relay's books say which answer came in time.
    for (before, message) in MESSAGES.iter().enumerate() {
        client.send_line(message);
        let over = || {
            let answered = client.stdout.text().lines().count();
            let lost = client.stderr.text().matches(": no answer within ").count();
            (answered + lost > before).then_some(())
        };
        assert!(poll(SOON, over).is_some(), "{}", client.stderr.text());
    }
    let ended = client.finish(SOON + SOON);
    let books = relay.close();
    check(&ended, &books, &format!("seed {seed}, {flags:?}"));

    let served = server.process.finish(SOON);
    let all = format!(" {0} received, {0} answered,", books.forwarded);
    let words = String::from_utf8(served.stderr).unwrap();
    assert!(words.contains(&all), "seed {seed}: no{all} in {words}");
    books
}

fn check(ended: &process::Output, books: &Books, which: &str) {
    let report = String::from_utf8_lossy(&ended.stderr);
    let shown = format!("{which}\n{report}\n{books:#?}");
    let messages = books.messages();
    let answers = books.answers();
    assert_eq!(messages.len(), MESSAGES.len(), "{shown}");
    let lost = messages.len() - answers.len();
    for (name, expected) in [
        ("sent", messages.len()),
        ("answered", answers.len()),
        ("lost", lost),
        ("retr", books.requests.len() - messages.len()),
        ("late", books.late()),
        ("duplicate", books.duplicates()),
    ] {
        assert_eq!(count(&report, name), expected, "{name}; {shown}");
    }
    assert_eq!(
        report.matches(": no answer within ").count(),
        lost,
        "{shown}"
    );
    assert_eq!(ended.status.code(), Some(i32::from(lost > 0)), "{shown}");

    // Each answer in its place, and none in that of another.
    let answered = |sender| answers.iter().any(|answer| answer.to == sender);
    let expected: String = messages
        .iter()
        .zip(MESSAGES)
        .filter(|(sender, _)| answered(**sender))
        .map(|(_, message)| message.to_ascii_uppercase() + "\n")
        .collect();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), expected, "{shown}");

    // The client has waited at least as long as the relay took, for messages that it sent once.
    let mut relay: Vec<Duration> = answers
        .iter()
        .filter(|answer| books.tries(answer.to) == 1)
        .map(|answer| answer.after)
        .collect();
    relay.sort_unstable();
    let (_, times) = report.split_once("rtt min/median/max/jitter = ").unwrap();
    let times: Vec<f64> = times
        .trim_end_matches(" ms\n")
        .split('/')
        .take(3)
        .map(|time| time.parse().unwrap())
        .collect();
    let middle = (relay[(relay.len() - 1) / 2] + relay[relay.len() / 2]) / 2;
    let least = [relay[0], middle, relay[relay.len() - 1]];
    for (time, least) in times.iter().zip(least) {
        assert!(
            time + 0.001 >= least.as_secs_f64() * 1000.0,
            "{least:?}; {shown}"
        );
    }
    assert!(times.is_sorted() && times.len() == 3, "{shown}");
}

fn for_all_seeds(first: u64, flags: &[&str]) -> Vec<Books> {
    thread::scope(|scope| {
        let runs: Vec<_> = (first..first + SEEDS)
            .map(|seed| scope.spawn(move || compare(seed, flags)))
            .collect();
        // A panic has said what it is about; this only passes it on.
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

fn total(all: &[Books], count: impl Fn(&Books) -> usize) -> usize {
    all.iter().map(count).sum()
}

#[test]
fn what_is_not_sent_again_is_lost_or_late() {
    let all = for_all_seeds(0, &["--retries", "0", "--timeout", "1500ms"]);
    // Without these the comparison would say little.
    assert!(total(&all, |books| books.dropped) > 10);
    assert!(total(&all, |books| books.duplicated) > 10);
    assert!(total(&all, |books| books.swapped) > 3);
    assert!(total(&all, Books::late) > 3);
    assert!(total(&all, Books::duplicates) > 10);
}

#[test]
fn what_is_sent_again_is_seldom_lost_and_often_answered_twice() {
    let all = for_all_seeds(100, &["--retries", "2", "--timeout", "3s"]);
    assert!(total(&all, |books| books.requests.len() - MESSAGES.len()) > 10);
    assert!(total(&all, Books::duplicates) > 10);
    let lost = total(&all, |books| MESSAGES.len() - books.answers().len());
    assert!(lost < MESSAGES.len() * all.len() / 10, "{lost} lost");
}

#[test]
fn the_last_message_is_the_one_that_the_relay_spares() {
    assert_eq!(MESSAGES.last().unwrap().as_bytes(), GOODBYE);
}
