//! Sends several messages at once: each of a few threads has one message in flight, so that a loss
//! does not delay the messages after it. The results are in the order of the messages.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use proto::cli::{Failure, Lines, start_thread};
use proto::socketserver::descriptor_limit;
use proto::sync::lock;

use crate::exchange::{Exchange, Stragglers};
use crate::options::Options;
use crate::outcome::Done;

/// The maximum number of messages in flight without an interval.
const MAX_IN_FLIGHT: usize = 8;
/// The maximum number of open ports of all threads, for messages in flight and earlier ones.
const MAX_PORTS: usize = 48;
/// How many messages may be sent after the first one without a result.
const MAX_AHEAD: usize = 256;

/// A message, and where its result goes.
type Message = (Vec<u8>, SyncSender<Done>);

/// The messages in flight, with their results in order.
pub struct Flight {
    results: Receiver<Receiver<Done>>,
    input: JoinHandle<Result<(), Failure>>,
    exchanges: Vec<JoinHandle<Exchange>>,
}

impl Flight {
    /// Starts to read and send messages.
    pub fn start(options: &'static Options) -> Result<Self, Failure> {
        let addresses = options.endpoint.resolve_within(options.timeout)?;
        let is_typed = options.total().is_none() && Lines::are_typed();
        let ports = descriptor_limit().map_or(MAX_PORTS, |limit| MAX_PORTS.min(limit / 2));
        let ports = ports.max(1);
        // At a prompt each message waits for the previous answer. With an interval, a message
        // without an answer must not delay the next one.
        let (threads, ahead) = match options.interval {
            _ if is_typed => (1, 0),
            Some(interval) => (in_flight(options.timeout, interval).min(ports), MAX_AHEAD),
            None => (MAX_IN_FLIGHT.min(ports.div_ceil(2)), MAX_AHEAD),
        };
        let (to_threads, messages) = mpsc::sync_channel::<Message>(threads);
        let messages = Arc::new(Mutex::new(messages));
        let mut exchanges = Vec::new();
        for _ in 0..threads {
            let exchange = Exchange::new(addresses.clone(), ports / threads, options);
            let messages = Arc::clone(&messages);
            exchanges.push(start_thread("exchange", move || work(exchange, &messages))?);
        }
        let (order, results) = mpsc::sync_channel(ahead);
        let input = start_thread("input", move || send_all(options, &to_threads, &order))?;
        Ok(Self {
            results,
            input,
            exchanges,
        })
    }

    /// The result of the next message; `None` after the last.
    pub fn next(&mut self) -> Option<Done> {
        self.results.recv().ok()?.recv().ok()
    }

    /// The late answers; an error if the input failed.
    pub fn finish(self) -> Result<Vec<Stragglers>, Failure> {
        if let Ok(Err(failure)) = self.input.join() {
            return Err(failure);
        }
        // All ports stay open until the last message is over.
        let ended: Vec<_> = self
            .exchanges
            .into_iter()
            .flat_map(JoinHandle::join)
            .collect();
        Ok(ended.into_iter().map(Exchange::finish).collect())
    }
}

/// How many messages are without an answer at once if none comes.
fn in_flight(timeout: Duration, interval: Duration) -> usize {
    let intervals = timeout.as_secs_f64() / interval.as_secs_f64();
    intervals as usize + 1
}

fn work(mut exchange: Exchange, messages: &Mutex<Receiver<Message>>) -> Exchange {
    loop {
        // The lock is held until the message is sent, so that no later message overtakes it.
        let mut turn = Some(lock(messages));
        let Some(Ok((message, done))) = turn.as_ref().map(|turn| turn.recv()) else {
            return exchange;
        };
        let result = exchange.ask(&message, || turn = None);
        drop(turn);
        let _ = done.send(Done {
            server: exchange.server(),
            length: message.len(),
            result,
        });
    }
}

fn send_all(
    options: &Options,
    to_threads: &SyncSender<Message>,
    order: &SyncSender<Receiver<Done>>,
) -> Result<(), Failure> {
    let total = options.total();
    let mut lines = total.is_none().then(|| Lines::with_prompt(">>: "));
    let mut given = options.messages.iter().cycle();
    let mut next = Instant::now();
    for number in 0..total.unwrap_or(usize::MAX) {
        let (done, result) = mpsc::sync_channel(1);
        // It waits while too many results are missing. So at a prompt the answer comes before the
        // next prompt. If it fails, the main thread has ended.
        let _ = order.send(result);
        let mut message = Vec::new();
        if let Some(lines) = &mut lines {
            // An empty line is sent, because UDP has empty messages, unlike a stream.
            if !lines.next(&mut message)? {
                break;
            }
        } else {
            let numbered = || format!("probe {}", number + 1).into_bytes();
            message = given.next().cloned().unwrap_or_else(numbered);
        }
        if let Some(interval) = options.interval {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next = Instant::now().max(next) + interval;
        }
        // If it fails, all threads have ended.
        let _ = to_threads.send((message, done));
    }
    Ok(())
}
