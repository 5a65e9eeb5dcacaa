//! Answers one datagram: upper-cases it in place and sends it back.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use proto::cli::{Log, RateLimit};
use proto::escape::many;
use proto::net::{Call, TraceEvent};
use proto::socketserver::{Datagram, Event};
use proto::{reason, start_reason};

use crate::options::Options;

/// Counts of datagrams.
#[derive(Debug, Default)]
pub struct Counts {
    /// Datagrams received.
    pub received: AtomicU64,
    /// Answers sent; whether they arrived is not known.
    pub answered: AtomicU64,
    /// Datagrams longer than `--recv-size`. Their first bytes are answered.
    pub truncated: AtomicU64,
    /// System calls that failed.
    pub errors: AtomicU64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = many(self.errors.load(Relaxed), "error", "errors");
        write!(
            f,
            "{} received, {} answered, {} truncated, {errors}",
            self.received.load(Relaxed),
            self.answered.load(Relaxed),
            self.truncated.load(Relaxed)
        )
    }
}

/// Answers datagrams.
pub struct Upper {
    recv_size: usize,
    log: Log,
    /// The counts so far.
    pub counts: Counts,
    lines: RateLimit,
    failures: RateLimit,
}

impl Upper {
    /// A handler with all counts at zero.
    pub fn new(options: &Options) -> Self {
        // With `--trace` every line is shown.
        let every = Duration::from_secs(u64::from(!options.log.trace));
        Self {
            recv_size: options.recv_size,
            log: options.log,
            counts: Counts::default(),
            lines: RateLimit::new(every),
            failures: RateLimit::new(Duration::from_secs(60)),
        }
    }

    /// Answers one datagram. It allocates only for a log line.
    pub fn answer(&self, datagram: &mut Datagram) {
        self.counts.received.fetch_add(1, Relaxed);
        self.trace(datagram, Call::RecvFrom, self.recv_size, None);
        if datagram.lost > 0 {
            self.truncated(datagram);
        }
        datagram.data_mut().make_ascii_uppercase();
        let sent = datagram.reply(datagram.data());
        let size = datagram.data().len();
        self.trace(datagram, Call::SendTo, size, sent.as_ref().err());
        match sent {
            Ok(()) => {
                self.counts.answered.fetch_add(1, Relaxed);
            }
            Err(error) => {
                self.counts.errors.fetch_add(1, Relaxed);
                if let Some(others) = self.lines.allow("not answered", None) {
                    self.log.error(format_args!(
                        "{} cannot be answered ({}){}",
                        datagram.peer,
                        reason(&error),
                        others
                    ));
                }
            }
        }
        if self.log.trace {
            self.log.info(format_args!("{}", self.counts));
        }
    }

    /// Counts a failure of the server, and logs it at most once a minute.
    pub fn failed(&self, event: &Event<'_>) {
        let what = match event {
            Event::AcceptFailed { error } => format!("cannot receive ({})", reason(error)),
            Event::SpawnFailed { error } => {
                format!("cannot start a thread ({})", start_reason(error))
            }
            Event::Refused { .. } => return,
        };
        self.counts.errors.fetch_add(1, Relaxed);
        if let Some(others) = self.failures.allow("failed", None) {
            self.log.error(format_args!("{what}, going on{others}"));
        }
    }

    fn trace(&self, datagram: &Datagram, call: Call, asked: usize, error: Option<&std::io::Error>) {
        let event = TraceEvent {
            call,
            asked,
            result: error.map_or(Ok(datagram.data().len()), Err),
            bytes: datagram.data(),
        };
        self.log.trace(&datagram.peer, &event);
    }

    fn truncated(&self, datagram: &Datagram) {
        self.counts.truncated.fetch_add(1, Relaxed);
        if let Some(others) = self.lines.allow("truncated", None) {
            let kept = datagram.data().len();
            let lost = datagram.lost;
            self.log.info(format_args!(
                "{} truncated: {lost} of {} bytes lost, by --recv-size {}{}",
                datagram.peer,
                kept + lost,
                self.recv_size,
                others
            ));
        }
    }
}
