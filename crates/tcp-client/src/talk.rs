//! Messages, and the reply that belongs to each.
//!
//! A stream has no messages, so nothing in it says where a reply ends. This server's reply is as
//! long as the message, and that is what is read. A thread sends; this one reads, so that the
//! messages of a file need not wait for each other's replies, and a server that closes is noticed
//! while nothing is sent.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proto::cli::{Failure, Lines, Log, Output, show_duration};
use proto::escape::{BytesRepr, quoted};
use proto::net::{Endpoint, Refused, Stream, Trace, TraceEvent};
use proto::sync::{lock, wait_while};
use proto::{is_timeout, reason, retry};

use crate::options::Options;

/// How many bytes one read takes at most.
const RECV_SIZE: usize = 64 * 1024;
/// How often a reader looks whether a reply is overdue.
const LOOK: Duration = Duration::from_millis(100);
/// A refusal is recognized when its line is whole, this long, or followed by nothing for so long.
const MAX_REFUSAL: usize = 1000;
const REST_OF_REFUSAL: Duration = Duration::from_millis(200);

/// What the sending and the reading thread share.
struct Shared {
    stream: Stream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The messages without a whole reply: their lengths, and when they were sent.
    pending: VecDeque<(usize, Instant)>,
    input_ended: bool,
    /// Why there is no more input; the reader reports it when all else is done.
    input_failure: Option<Failure>,
    at_prompt: bool,
}

impl State {
    fn is_done(&self) -> bool {
        self.input_ended && self.pending.is_empty()
    }
}

/// Sends all messages and shows the replies.
pub fn converse(stream: Stream, options: Options) -> Result<(), Failure> {
    let failed = |error| Failure::io("cannot use the connection", &error);
    stream.set_nodelay().map_err(failed)?;
    let tick = Some(LOOK.min(options.timeout));
    stream.set_read_timeout(tick).map_err(failed)?;
    let limit = Some(options.timeout);
    stream.set_write_timeout(limit).map_err(failed)?;
    let shared = Arc::new(Shared {
        stream,
        state: Mutex::default(),
        changed: Condvar::new(),
    });
    let options = Arc::new(options);
    let (theirs, for_sender) = (Arc::clone(&shared), Arc::clone(&options));
    thread::Builder::new()
        .name("send".into())
        .spawn(move || theirs.send_all(&for_sender))
        .map_err(|error| Failure::start("cannot start a thread", &error))?;
    let replies = Replies {
        shared: &shared,
        options: &options,
        output: Output::stdout(),
        buffer: Vec::new(),
        may_be_refused: true,
    };
    replies.read_all()
}

impl Shared {
    fn send_all(&self, options: &Options) {
        let sent = if options.messages.is_empty() {
            self.send_lines(options)
        } else {
            let mut messages = options.messages.iter();
            messages.try_for_each(|message| self.send(message, options, true))
        };
        let mut state = lock(&self.state);
        state.input_ended = true;
        state.input_failure = sent.err();
        if state.pending.is_empty() {
            // The reader waits for nothing any more.
            self.stream.end_input();
        }
    }

    /// At a prompt each message waits for the reply to the one before; those of a file do not.
    fn send_lines(&self, options: &Options) -> Result<(), Failure> {
        let mut lines = Lines::with_prompt(">>: ");
        let (mut line, mut batch) = (Vec::new(), Vec::new());
        let mut lengths = Vec::new();
        loop {
            lock(&self.state).at_prompt = lines.has_prompt();
            let more = lines.next(&mut line)?;
            lock(&self.state).at_prompt = false;
            if !more {
                return Ok(());
            }
            if lines.has_prompt() {
                self.send(&line, options, true)?;
                continue;
            }
            batch.extend_from_slice(&line);
            lengths.push(line.len());
            if !lines.has_buffered_line() || batch.len() >= RECV_SIZE {
                self.write(&batch, &lengths, options)?;
                batch.clear();
                lengths.clear();
            }
        }
    }

    fn send(&self, message: &[u8], options: &Options, wait: bool) -> Result<(), Failure> {
        self.write(message, &[message.len()], options)?;
        if wait {
            let all_answered = |state: &mut State| !state.pending.is_empty();
            drop(wait_while(&self.changed, lock(&self.state), all_answered));
        }
        Ok(())
    }

    /// Sends messages of these lengths. As in the Python lesson, an empty one is left out: a stream
    /// cannot carry it.
    fn write(&self, bytes: &[u8], lengths: &[usize], options: &Options) -> Result<(), Failure> {
        let now = Instant::now();
        let lengths = lengths.iter().filter(|&&length| length > 0);
        // Before they are sent: the reply may be there at once.
        let pending = lengths.map(|&length| (length, now));
        lock(&self.state).pending.extend(pending);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut stream = traced(&self.stream, options.log, &options.endpoint, || false);
        stream.write_all(bytes).map_err(|error| {
            let endpoint = &options.endpoint;
            Failure::new(format!(
                "lost the connection to {endpoint} while sending ({})",
                reason(&error)
            ))
        })
    }
}

/// The stream with its calls shown, but for those that only look whether a reply is overdue, and those
/// that `is_own_end` is true for.
fn traced(
    stream: &Stream,
    log: Log,
    endpoint: &Endpoint,
    is_own_end: impl Fn() -> bool,
) -> impl Read + Write {
    Trace::new(stream, move |event: &TraceEvent<'_>| {
        let is_end = matches!(event.result, Ok(0)) && is_own_end();
        if !event.result.is_err_and(is_timeout) && !is_end {
            log.trace(endpoint, event);
        }
    })
}

/// The reading side.
struct Replies<'a> {
    shared: &'a Shared,
    options: &'a Options,
    output: Output,
    /// What came and was not shown yet.
    buffer: Vec<u8>,
    /// Nothing was shown yet: what comes first may be the words of a server that is full.
    may_be_refused: bool,
}

impl Replies<'_> {
    fn read_all(mut self) -> Result<(), Failure> {
        let shared = self.shared;
        let mut stream = traced(
            &shared.stream,
            self.options.log,
            &self.options.endpoint,
            || lock(&shared.state).is_done(),
        );
        let mut piece = vec![0; RECV_SIZE];
        let mut quiet_since = Instant::now();
        loop {
            let read = retry(|| stream.read(&mut piece));
            let ended = match read {
                Ok(0) => true,
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    quiet_since = Instant::now();
                    false
                }
                Err(error) if is_timeout(&error) => false,
                Err(error) => return Err(self.explain(Some(reason(&error)))),
            };
            if self.may_be_refused && Refused::may_begin(&self.buffer) {
                let is_whole = self.buffer.contains(&b'\n') || self.buffer.len() > MAX_REFUSAL;
                let is_over = is_whole || ended || quiet_since.elapsed() >= REST_OF_REFUSAL;
                if !is_over {
                    continue;
                }
                let line = &self.buffer[..self.buffer.len().min(MAX_REFUSAL)];
                let refused = Refused::parse(&self.options.endpoint, line);
                if let Some(refused) = refused.filter(|_| is_whole || ended) {
                    return Err(refused.into());
                }
            }
            self.show_replies()?;
            if self.is_finished(ended)? {
                return Ok(());
            }
        }
    }

    /// Shows the replies that are whole, by one write.
    fn show_replies(&mut self) -> Result<(), Failure> {
        let mut state = lock(&self.shared.state);
        let (mut shown, mut used) = (Vec::new(), 0);
        while let Some(&(length, _)) = state.pending.front()
            && self.buffer.len() - used >= length
        {
            let rest = self.buffer.len() - used - length;
            if rest > 0 && state.pending.len() == 1 {
                drop(state);
                self.output.write(&shown)?;
                return Err(self.unasked(rest, "more than the message has"));
            }
            let reply = &self.buffer[used..used + length];
            if self.options.bytes {
                shown.extend_from_slice(BytesRepr::new(reply).to_string().as_bytes());
            } else {
                shown.extend_from_slice(reply);
            }
            shown.push(b'\n');
            used += length;
            state.pending.pop_front();
        }
        drop(state);
        if used > 0 {
            self.may_be_refused = false;
            self.buffer.drain(..used);
            self.output.write(&shown)?;
            self.shared.changed.notify_all();
        }
        Ok(())
    }

    /// Whether all is sent and answered.
    fn is_finished(&mut self, ended: bool) -> Result<bool, Failure> {
        let mut state = lock(&self.shared.state);
        let Some(&(_, since)) = state.pending.front() else {
            if !self.buffer.is_empty() {
                drop(state);
                return Err(self.unasked(self.buffer.len(), "that answer no message"));
            }
            if state.input_ended {
                return state.input_failure.take().map_or(Ok(true), Err);
            }
            drop(state);
            return if ended {
                Err(self.explain(None))
            } else {
                Ok(false)
            };
        };
        let is_overdue = since.elapsed() >= self.options.timeout;
        drop(state);
        if ended {
            return Err(self.explain(None));
        }
        if is_overdue {
            let (endpoint, of) = (&self.options.endpoint, self.progress());
            return Err(Failure::new(format!(
                "no reply from {endpoint} within {} ({}); is it serving another client, or no \
                 upper-case server?",
                show_duration(self.options.timeout),
                of.trim_start()
            )));
        }
        Ok(false)
    }

    fn unasked(&self, count: usize, what: &str) -> Failure {
        let endpoint = &self.options.endpoint;
        let bytes = if count == 1 { "byte" } else { "bytes" };
        Failure::new(format!(
            "{endpoint} sent {count} {bytes} {what} ({}); is it no upper-case server? see --stream",
            quoted(&self.buffer, 60)
        ))
    }

    /// The connection is over, for this reason or by its orderly end.
    fn explain(&self, why: Option<String>) -> Failure {
        if lock(&self.shared.state).at_prompt {
            // The error gets a line of its own.
            self.options.log.note(format_args!(""));
        }
        let (endpoint, of) = (&self.options.endpoint, self.progress());
        Failure::new(match why {
            Some(why) => format!("lost the connection to {endpoint}{of} ({why})"),
            None => format!("{endpoint} closed the connection{of}; was it stopped?"),
        })
    }

    fn progress(&self) -> String {
        let got = self.buffer.len();
        match lock(&self.shared.state).pending.front() {
            Some((length, _)) => format!(" after {got} of {length} bytes of the reply"),
            None => String::new(),
        }
    }
}

/// How `--stream` copies: bytes as they are, in both directions.
pub fn pipe(stream: &Stream, options: &Options) -> Result<(), Failure> {
    let lost = |error| {
        let endpoint = &options.endpoint;
        Failure::new(format!(
            "lost the connection to {endpoint} ({})",
            reason(&error)
        ))
    };
    let failure = Arc::new(Mutex::new(None));
    let unread = Arc::clone(&failure);
    let (theirs, log, endpoint) = (stream.clone(), options.log, options.endpoint.clone());
    thread::Builder::new()
        .name("send".into())
        .spawn(move || {
            let mut sink = traced(&theirs, log, &endpoint, || false);
            let mut input = proto::cli::stdin();
            let mut piece = vec![0; RECV_SIZE];
            loop {
                match retry(|| input.read(&mut piece)) {
                    Ok(0) => break,
                    // Where it fails, the reading side says why.
                    Ok(count) if sink.write_all(&piece[..count]).is_err() => return,
                    Ok(_) => {}
                    Err(error) => {
                        *lock(&unread) = Some(Failure::io("cannot read standard input", &error));
                        break;
                    }
                }
            }
            let _ = theirs.shutdown(Shutdown::Write);
        })
        .map_err(|error| Failure::start("cannot start a thread", &error))?;
    let mut source = traced(stream, options.log, &options.endpoint, || false);
    let mut output = Output::stdout();
    let mut piece = vec![0; RECV_SIZE];
    loop {
        match retry(|| source.read(&mut piece)) {
            Ok(0) => return lock(&failure).take().map_or(Ok(()), Err),
            Ok(count) => output.write(&piece[..count])?,
            // What was sent in vain is of no interest to a server that has ended in good order.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(lost(error)),
        }
    }
}
