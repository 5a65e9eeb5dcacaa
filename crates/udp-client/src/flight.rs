//! Sends several messages at once: each of a few threads has one message in flight, so that a loss
//! does not delay the messages after it. The results are in the order of the messages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::{Failure, Lines};
use proto::socketserver::descriptor_limit;
use proto::sync::lock;

use crate::exchange::{Exchange, Stragglers};
use crate::options::Options;
use crate::outcome::{Answer, Loss};

/// The most messages in flight without an interval.
const MAX_IN_FLIGHT: usize = 8;
/// The most open ports of all threads, for messages in flight and earlier ones.
const MAX_PORTS: usize = 48;
/// How many messages may be sent after the first one without a result.
const MAX_AHEAD: usize = 256;

/// The result of one message.
pub struct Done {
    number: u64,
    /// The server's address.
    pub server: SocketAddr,
    /// The length of the message in bytes.
    pub length: usize,
    /// Its answer or loss.
    pub result: Result<Answer, Loss>,
    /// The bytes of the answer.
    pub reply: Vec<u8>,
}

type Message = (u64, Vec<u8>);

/// The messages in flight, with their results in order.
pub struct Flight {
    results: Receiver<Done>,
    stragglers: Receiver<Stragglers>,
    tickets: Receiver<()>,
    input: Receiver<Failure>,
    waiting: BTreeMap<u64, Done>,
    next: u64,
}

impl Flight {
    /// Starts to read and send messages.
    pub fn start(options: Options) -> Result<Self, Failure> {
        let addresses = options.endpoint.resolve_within(options.timeout)?;
        let options = Arc::new(options);
        let is_typed = options.messages.is_empty() && options.count.is_none() && Lines::are_typed();
        let ports = descriptor_limit().map_or(MAX_PORTS, |limit| MAX_PORTS.min(limit / 2));
        let ports = ports.max(1);
        // At a prompt each message waits for the previous answer. With an interval, a message
        // without an answer must not delay the next one.
        let (threads, ahead) = match options.interval {
            _ if is_typed => (1, 1),
            Some(interval) => (in_flight(options.timeout, interval).min(ports), MAX_AHEAD),
            None => (MAX_IN_FLIGHT.min(ports.div_ceil(2)), MAX_AHEAD),
        };
        let (to_threads, messages) = mpsc::sync_channel::<Message>(threads);
        let messages = Arc::new(Mutex::new(messages));
        let (done, results) = mpsc::channel();
        let (over, stragglers) = mpsc::channel();
        for _ in 0..threads {
            let exchange = Exchange::new(addresses.clone(), ports / threads, &options);
            let (messages, done, over) = (Arc::clone(&messages), done.clone(), over.clone());
            start("exchange", move || work(exchange, &messages, &done, &over))?;
        }
        let (ticket, tickets) = mpsc::sync_channel(ahead);
        let (failed, input) = mpsc::channel();
        start("input", move || {
            if let Err(failure) = send_all(&options, &to_threads, &ticket) {
                let _ = failed.send(failure);
            }
        })?;
        Ok(Self {
            results,
            stragglers,
            tickets,
            input,
            waiting: BTreeMap::new(),
            next: 0,
        })
    }

    /// The result of the next message; `None` after the last.
    pub fn next(&mut self) -> Option<Done> {
        while !self.waiting.contains_key(&self.next) {
            let done = self.results.recv().ok()?;
            self.waiting.insert(done.number, done);
        }
        let done = self.waiting.remove(&self.next);
        self.next += 1;
        done
    }

    /// Allows one more message, after the result of one was shown.
    pub fn shown(&self) {
        let _ = self.tickets.try_recv();
    }

    /// The late answers; an error if the input failed.
    pub fn finish(self) -> Result<Vec<Stragglers>, Failure> {
        match self.input.try_recv() {
            Ok(failure) => Err(failure),
            Err(_) => Ok(self.stragglers.iter().collect()),
        }
    }
}

/// How many messages are without an answer at once if none comes.
fn in_flight(timeout: Duration, interval: Duration) -> usize {
    let intervals = timeout.as_secs_f64() / interval.as_secs_f64();
    intervals as usize + 1
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread
        .map(drop)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}

fn work(
    mut exchange: Exchange,
    messages: &Mutex<Receiver<Message>>,
    done: &Sender<Done>,
    over: &Sender<Stragglers>,
) {
    loop {
        // The lock is held until the message is sent, so that no later message overtakes it.
        let mut turn = Some(lock(messages));
        let Some(Ok((number, message))) = turn.as_ref().map(|turn| turn.recv()) else {
            break;
        };
        let result = exchange.ask(&message, || turn = None);
        drop(turn);
        let reply = result
            .as_ref()
            .map(|answer| exchange.reply(answer).to_vec());
        let _ = done.send(Done {
            number,
            server: exchange.server(),
            length: message.len(),
            reply: reply.unwrap_or_default(),
            result,
        });
    }
    let _ = over.send(exchange.finish());
}

fn send_all(
    options: &Options,
    to_threads: &SyncSender<Message>,
    ticket: &SyncSender<()>,
) -> Result<(), Failure> {
    let mut pace = Pace {
        interval: options.interval,
        next: Instant::now(),
    };
    let mut number = 0;
    let mut send = |message: &[u8]| {
        pace.wait();
        // If it fails, all threads have ended.
        let _ = to_threads.send((number, message.to_vec()));
        number += 1;
    };
    if let Some(count) = options.count {
        for number in 0..count {
            let _ = ticket.send(());
            match options.messages.get(number % options.messages.len().max(1)) {
                Some(message) => send(message),
                None => send(format!("probe {}", number + 1).as_bytes()),
            }
        }
        return Ok(());
    }
    if !options.messages.is_empty() {
        for message in &options.messages {
            let _ = ticket.send(());
            send(message);
        }
        return Ok(());
    }
    let mut lines = Lines::with_prompt(">>: ");
    let mut line = Vec::new();
    loop {
        let _ = ticket.send(());
        // An empty line is sent, because UDP has empty messages, unlike a stream.
        if !lines.next(&mut line)? {
            return Ok(());
        }
        send(&line);
    }
}

/// Waits so that messages are sent no faster than `--interval`.
struct Pace {
    interval: Option<Duration>,
    next: Instant,
}

impl Pace {
    fn wait(&mut self) {
        let Some(interval) = self.interval else {
            return;
        };
        thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.next = Instant::now().max(self.next) + interval;
    }
}
