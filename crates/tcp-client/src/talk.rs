//! Sends messages, and finds the reply to each.
//!
//! A stream has no messages, so nothing in it marks the end of a reply. This server's reply is as
//! long as the message, so that many bytes are read. One thread sends and this one reads. So the
//! messages of a file need not wait for each other's replies, and the client notices a server that
//! closes while nothing is sent.

use std::io::Read;
use std::time::{Duration, Instant};

use proto::cli::{Failure, Lines, Output, show_duration, start_thread};
use proto::escape::{many, quoted, repr};
use proto::net::{Refused, Stream};
use proto::sync::{lock, wait_timeout_while, wait_while};
use proto::{is_timeout, reason, retry};

use crate::connection::{Connection, RECV_SIZE, State};
use crate::options::Options;

/// How often the reader checks whether a reply is overdue.
const LOOK: Duration = Duration::from_millis(100);
/// How long the end of the input may come after the server's.
const END_OF_INPUT: Duration = Duration::from_secs(1);
/// A refusal is recognized when its line is complete, has this many bytes, or pauses for this time.
const MAX_REFUSAL: usize = 1000;
const REST_OF_REFUSAL: Duration = Duration::from_millis(200);

/// Sends all messages and shows the replies.
pub fn converse(stream: Stream, options: &'static Options) -> Result<(), Failure> {
    let failed = |error| Failure::io("cannot use the connection", &error);
    stream.set_nodelay().map_err(failed)?;
    let tick = Some(LOOK.min(options.timeout));
    stream.set_read_timeout(tick).map_err(failed)?;
    let connection = Connection::leak(stream, options);
    start_thread("send", || connection.send_messages())?;
    let replies = Replies {
        connection,
        output: Output::stdout(),
        buffer: Vec::new(),
        may_be_refused: true,
    };
    replies.read_all()
}

/// The sending side.
impl Connection {
    fn send_messages(&self) {
        let messages = &self.options.messages;
        let sent = if messages.is_empty() {
            self.send_lines()
        } else {
            let mut messages = messages.iter();
            messages.try_for_each(|message| self.ask(message))
        };
        let mut state = lock(&self.state);
        state.input_end = Some(sent);
        if state.pending.is_empty() {
            // The reader need not wait any longer.
            self.stream.end_input();
        }
        self.changed.notify_all();
    }

    /// At a prompt each message waits for the previous reply. The messages of a file do not.
    fn send_lines(&self) -> Result<(), Failure> {
        let mut lines = Lines::with_prompt(">>: ");
        let (mut line, mut batch) = (Vec::new(), Vec::new());
        let mut lengths = Vec::new();
        while lines.next(&mut line)? {
            if lines.has_prompt() {
                self.ask(&line)?;
                continue;
            }
            batch.extend_from_slice(&line);
            lengths.push(line.len());
            if !lines.has_buffered_line() || batch.len() >= RECV_SIZE {
                self.send_batch(&batch, &lengths)?;
                batch.clear();
                lengths.clear();
            }
        }
        Ok(())
    }

    /// Sends one message and waits for its reply.
    fn ask(&self, message: &[u8]) -> Result<(), Failure> {
        self.send_batch(message, &[message.len()])?;
        let is_waiting = |state: &mut State| !state.pending.is_empty();
        drop(wait_while(&self.changed, lock(&self.state), is_waiting));
        Ok(())
    }

    /// Sends messages of these lengths. As in the Python lesson, an empty message is skipped,
    /// because a stream cannot carry it.
    fn send_batch(&self, bytes: &[u8], lengths: &[usize]) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        // The lengths are added before the messages are sent, because a reply may arrive at once.
        let mut state = lock(&self.state);
        if state.pending.is_empty() {
            state.waiting_since = Instant::now();
        }
        let lengths = lengths.iter().filter(|&&length| length > 0);
        state.pending.extend(lengths);
        drop(state);
        // This has no timeout: the reader notices an overdue reply, and while the reader's own
        // output blocks, sending has to wait, too.
        self.send(bytes).map_err(|error| {
            let endpoint = &self.options.endpoint;
            Failure::new(format!(
                "lost the connection to {endpoint} while sending ({})",
                reason(&error)
            ))
        })
    }
}

/// The reading side.
struct Replies {
    connection: &'static Connection,
    output: Output,
    /// The bytes received and not shown yet.
    buffer: Vec<u8>,
    /// Whether the next bytes may be a refusal, because no reply was shown yet.
    may_be_refused: bool,
}

/// How the stream ended: in order, or with an error.
type End = Result<(), String>;

impl Replies {
    fn read_all(mut self) -> Result<(), Failure> {
        let mut stream = self.connection.reader();
        let mut piece = vec![0; RECV_SIZE];
        let mut quiet_since = Instant::now();
        loop {
            let end: Option<End> = match retry(|| stream.read(&mut piece)) {
                Ok(0) => Some(Ok(())),
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    quiet_since = Instant::now();
                    None
                }
                Err(error) if is_timeout(&error) => None,
                Err(error) => Some(Err(reason(&error))),
            };
            if self.may_be_refused && Refused::may_begin(&self.buffer) {
                let is_whole = self.buffer.contains(&b'\n') || self.buffer.len() > MAX_REFUSAL;
                let is_over = is_whole || end.is_some() || quiet_since.elapsed() >= REST_OF_REFUSAL;
                if !is_over {
                    continue;
                }
                let line = &self.buffer[..self.buffer.len().min(MAX_REFUSAL)];
                let refused = Refused::parse(&self.connection.options.endpoint, line);
                if let Some(refused) = refused.filter(|_| is_whole || end.is_some()) {
                    return Err(refused.into());
                }
            }
            self.show_replies()?;
            if self.is_finished(end)? {
                return Ok(());
            }
        }
    }

    /// Shows all complete replies with one write.
    fn show_replies(&mut self) -> Result<(), Failure> {
        let mut state = lock(&self.connection.state);
        let (mut shown, mut used) = (Vec::new(), 0);
        while let Some(&length) = state.pending.front()
            && self.buffer.len() - used >= length
        {
            let rest = self.buffer.len() - used - length;
            if rest > 0 && state.pending.len() == 1 {
                drop(state);
                self.output.write(&shown)?;
                self.buffer.drain(..used);
                return Err(self.unasked(rest, "more than the message has"));
            }
            let reply = &self.buffer[used..used + length];
            if self.connection.options.bytes {
                shown.extend_from_slice(repr(reply, length).as_bytes());
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
            // The time in which our output blocked does not count.
            lock(&self.connection.state).waiting_since = Instant::now();
            self.connection.changed.notify_all();
        }
        Ok(())
    }

    /// Whether all messages are sent and answered.
    fn is_finished(&self, end: Option<End>) -> Result<bool, Failure> {
        let options = self.connection.options;
        let mut state = lock(&self.connection.state);
        if state.pending.is_empty() {
            if !self.buffer.is_empty() {
                drop(state);
                return Err(self.unasked(self.buffer.len(), "that answer no message"));
            }
            if end.is_some() && !(options.messages.is_empty() && Lines::are_typed()) {
                // A server may close after its last reply, before the sender has seen the end of
                // the input. At a prompt the user would have to end the input first.
                let goes_on = |state: &mut State| state.input_end.is_none();
                let changed = &self.connection.changed;
                state = wait_timeout_while(changed, state, END_OF_INPUT, goes_on);
            }
            if let Some(input_end) = state.input_end.take() {
                return input_end.map(|()| true);
            }
        }
        let is_waiting = !state.pending.is_empty();
        let is_overdue = is_waiting && state.waiting_since.elapsed() >= options.timeout;
        if end.is_none() && !is_overdue {
            return Ok(false);
        }
        let (endpoint, got) = (&options.endpoint, self.buffer.len());
        let of = match state.pending.front() {
            Some(length) => format!(" after {got} of {length} bytes of the reply"),
            None => String::new(),
        };
        Err(Failure::new(match end {
            Some(Err(why)) => format!("lost the connection to {endpoint}{of} ({why})"),
            Some(Ok(())) => format!("{endpoint} closed the connection{of}; was it stopped?"),
            None => format!(
                "no reply from {endpoint} within {} ({}); is it serving another client, or no \
                 upper-case server?",
                show_duration(options.timeout),
                of.trim_start()
            ),
        }))
    }

    fn unasked(&self, count: usize, what: &str) -> Failure {
        let endpoint = &self.connection.options.endpoint;
        let bytes = many(count, "byte", "bytes");
        Failure::new(format!(
            "{endpoint} sent {bytes} {what} ({}); is it an upper-case server? see --stream",
            quoted(&self.buffer, 60)
        ))
    }
}
