//! The state that the sending and the reading thread share.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use proto::cli::Failure;
use proto::is_timeout;
use proto::net::{Stream, Trace, TraceEvent};
use proto::sync::{lock, wait_timeout_while};

use crate::options::Options;

/// The maximum number of bytes of one read.
pub const RECV_SIZE: usize = 64 * 1024;
/// How long the reader waits for the trace line of a message before it writes that of the reply.
const SENDER_TRACES: Duration = Duration::from_millis(20);

/// The stream, and the state of its conversation.
pub struct Connection {
    pub stream: Stream,
    pub options: &'static Options,
    pub state: Mutex<State>,
    pub changed: Condvar,
}

/// The state of a conversation.
pub struct State {
    /// The lengths of the messages without a whole reply.
    pub pending: VecDeque<usize>,
    /// When the first of them began to wait for its reply.
    pub waiting_since: Instant,
    /// How the input has ended. The reader reports a failure after everything else.
    pub input_end: Option<Result<(), Failure>>,
    /// Whether the trace line of a `send` is not written yet.
    is_sending: bool,
}

impl Connection {
    /// A connection on which no byte was sent yet. It is kept until the process ends: its sending
    /// thread may wait for stdin.
    pub fn leak(stream: Stream, options: &'static Options) -> &'static Self {
        Box::leak(Box::new(Self {
            stream,
            options,
            state: Mutex::new(State {
                pending: VecDeque::new(),
                waiting_since: Instant::now(),
                input_end: None,
                is_sending: false,
            }),
            changed: Condvar::new(),
        }))
    }

    /// Sends all bytes, with a trace.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let Options { log, endpoint, .. } = self.options;
        lock(&self.state).is_sending = log.trace;
        let sent = log.traced(endpoint, &self.stream).write_all(bytes);
        lock(&self.state).is_sending = false;
        self.changed.notify_all();
        sent
    }

    /// The reading side, with a trace. It omits the reads that only check for a timeout, and the
    /// end that this client caused itself.
    pub fn reader(&self) -> impl Read {
        Trace::new(&self.stream, |event: &TraceEvent<'_>| {
            if !self.options.log.trace || event.result.is_err_and(is_timeout) {
                return;
            }
            // A reply can arrive before the call that sent its message has returned.
            let is_sending = |state: &mut State| state.is_sending;
            let state = lock(&self.state);
            let state = wait_timeout_while(&self.changed, state, SENDER_TRACES, is_sending);
            let is_done = state.input_end.is_some() && state.pending.is_empty();
            let is_own_end = is_done && !self.options.stream;
            if !(matches!(event.result, Ok(0)) && is_own_end) {
                drop(state);
                self.options.log.trace(&self.options.endpoint, event);
            }
        })
    }
}
