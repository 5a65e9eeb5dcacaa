//! Compares the client's report with the records of a relay that drops, duplicates, reorders and
//! delays datagrams. Each seed is a separate run with its own server. The runs are parallel,
//! because the clients mostly wait.

use std::net::UdpSocket;
use std::process;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{SOON, poll};
use cross_process::process::Process;
use cross_process::relay::{Books, GOODBYE, Relay};

use super::{client, serve};

const SEEDS: u64 = 16;

/// Some are equal, so that only the port identifies a late answer. One is empty.
const MESSAGES: [&str; 6] = ["same", "same", "", "same", "n\u{ef}ve", "goodbye"];

/// The number before `name` in the report; 0 if there is none.
fn count(report: &str, name: &str) -> usize {
    let words: Vec<&str> = report.split([' ', ',', ';', '\n']).collect();
    let at = words.iter().position(|word| word.starts_with(name));
    let before = |at| words[..at].iter().rev().find(|word| !word.is_empty());
    at.and_then(before)
        .map_or(0, |number| number.parse().unwrap())
}

/// Runs the client against one relay, and compares their reports.
fn compare(seed: u64, flags: &[&str]) -> Books {
    let mut server = serve(&["--stop-on-eof"]);
    let relay = Relay::start(server.addr(), seed);
    let mut client = Process::spawn(client(flags, relay.addr()));
    // Sent one after the other, so that the relay's records show which answer was in time.
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

    // Each answer is in the line of its message.
    let answered = |sender| answers.iter().any(|answer| answer.to == sender);
    let expected: String = messages
        .iter()
        .zip(MESSAGES)
        .filter(|(sender, _)| answered(**sender))
        .map(|(_, message)| message.to_ascii_uppercase() + "\n")
        .collect();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), expected, "{shown}");

    // For messages sent once, the client's round-trip time is at least the relay's.
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
        // Passes on a panic, which was already reported.
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

fn total(all: &[Books], count: impl Fn(&Books) -> usize) -> usize {
    all.iter().map(count).sum()
}

#[test]
fn without_retries_messages_are_lost_or_late() {
    let all = for_all_seeds(0, &["--retries", "0", "--timeout", "1500ms"]);
    // Without drops and duplicates the comparison would prove little.
    assert!(total(&all, |books| books.dropped) > 10);
    assert!(total(&all, |books| books.duplicated) > 10);
    assert!(total(&all, |books| books.swapped) > 3);
    assert!(total(&all, Books::late) > 3);
    assert!(total(&all, Books::duplicates) > 10);
}

#[test]
fn with_retries_few_messages_are_lost_and_many_are_answered_twice() {
    let all = for_all_seeds(100, &["--retries", "2", "--timeout", "3s"]);
    assert!(total(&all, |books| books.requests.len() - MESSAGES.len()) > 10);
    assert!(total(&all, Books::duplicates) > 10);
    let lost = total(&all, |books| MESSAGES.len() - books.answers().len());
    assert!(lost < MESSAGES.len() * all.len() / 10, "{lost} lost");
}

#[test]
fn the_last_message_is_the_one_that_the_relay_always_passes() {
    assert_eq!(MESSAGES.last().unwrap().as_bytes(), GOODBYE);
}

/// A thread without another message keeps its ports open while other threads wait.
#[test]
fn a_duplicate_counts_until_the_last_message_is_over() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(SOON)).unwrap();
    let words = "--timeout 1s --retries 1 --send a --send b";
    let words: Vec<&str> = words.split(' ').collect();
    let mut client = Process::spawn(client(&words, server.local_addr().unwrap()));
    let next = || server.recv_from(&mut [0]).unwrap().1;
    let first = next();
    server.send_to(b"A", first).unwrap();
    // Both tries of `b`.
    next();
    next();
    server.send_to(b"A", first).unwrap();
    let report = "2 sent, 1 answered, 1 lost (50.0%), 1 retry, 1 duplicate; rtt";
    client.wait_stderr(report, SOON);
    assert_eq!(client.wait_exit(SOON).code(), Some(1));
}
