//! The client of the lesson's three protocols.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use proto::cli::{Failure, Output, Progress, show_duration};
use proto::escape::quoted;
use proto::net::{DeadlineStream, Refused, Stream, connect};
use proto::wire::Protocol;
use proto::wire::frame::{self, FrameError};
use proto::wire::header::Header;
use proto::wire::length_first::{self, LengthError};
use proto::wire::sha256::{Sha256, hex};
use proto::{is_timeout, reason, retry};

use crate::options::Options;
use crate::rest_of_line;

/// How many bytes of a reply are kept to check for a refusal.
const KEPT: usize = 512;
/// The beginning of a session server's first frame, after the four bytes of its length.
const GREETING: &[u8] = b"{\"filename\": \"hello\"";
/// The beginnings of our servers' refusals. In raw, nothing else distinguishes a refusal from an
/// output.
const REFUSALS: [&[u8]; 3] = [
    b"error: busy, ",
    b"error: server cannot start ",
    b"error: this looks like ",
];

/// A connection to one of the lesson's servers, or to ours with `--no-auth`.
pub struct Lesson {
    options: &'static Options,
    /// `None` if the next command needs a new one.
    stream: Option<Stream>,
}

impl Lesson {
    /// Connects.
    pub fn open(options: &'static Options) -> Result<Self, Failure> {
        let stream = Some(dial(options)?);
        Ok(Self { options, stream })
    }

    /// Runs one command, and passes its output on. These protocols carry no exit status: it is 0.
    pub fn run(&mut self, command: &[u8]) -> Result<u8, Failure> {
        let stream = match self.stream.take() {
            Some(stream) if self.is_open(&stream)? => stream,
            _ => dial(self.options)?,
        };
        let is_reusable = match self.options.protocol {
            Protocol::Length => self.run_length(&stream, command)?,
            Protocol::Header => self.run_header(&stream, command)?,
            Protocol::Raw | Protocol::Session => self.run_raw(&stream, command)?,
        };
        if self.is_open(&stream)? && is_reusable {
            self.stream = Some(stream);
        }
        Ok(0)
    }

    /// Whether the connection is still open between two commands. If the server has closed it, the
    /// caller opens a new one, because the commands of a connection share nothing. Bytes that have
    /// arrived are an error: they belong to no reply.
    fn is_open(&self, stream: &Stream) -> Result<bool, Failure> {
        let mut unasked = [0; 512];
        stream.set_nonblocking(true)?;
        let came = (&mut &*stream).read(&mut unasked);
        stream.set_nonblocking(false)?;
        match came {
            Ok(0) => Ok(false),
            Ok(count) => {
                let (endpoint, came) = (&self.options.endpoint, &unasked[..count]);
                let shown = quoted(came.trim_ascii_end(), 80);
                let otherwise = format!(
                    "{endpoint} sent {shown}, which answers no command; does the server speak \
                     another --protocol?"
                );
                Err(self.stranger(came, otherwise))
            }
            Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
        }
    }

    fn traced<'s>(&'s self, stream: impl Read + Write + 's) -> impl Read + Write + 's {
        let options = self.options;
        options.log.traced(&options.endpoint, stream)
    }

    fn send(&self, stream: &Stream, bytes: &[u8]) -> Result<(), Failure> {
        self.traced(stream)
            .write_all(bytes)
            .map_err(|error| self.lost(stream, "sending", &error))
    }

    /// In this protocol only the end of the connection marks the end of a reply. So the client
    /// half-closes, the server closes after its reply, and each command has a connection of its
    /// own.
    fn run_raw(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        stream
            .shutdown(Shutdown::Write)
            .map_err(|error| self.lost(stream, "sending", &error))?;
        let mut buffer = vec![0; 64 * 1024];
        let mut output = Output::stdout();
        let mut total = 0;
        // The beginning is held until it is clear that it is not a refusal.
        let mut held = Vec::new();
        loop {
            let got = format_args!("{total} bytes");
            // A refusal may have arrived before a reset.
            let count = self
                .read(stream, &mut buffer, got)
                .map_err(|failure| self.refusal(&held).unwrap_or(failure))?;
            total += count;
            held.extend_from_slice(&buffer[..count]);
            // Nothing was shown yet.
            if total == held.len() {
                if count > 0 && may_be_refusal(&held) {
                    continue;
                }
                if let Some(refusal) = self.refusal(&held) {
                    return Err(refusal);
                }
            }
            output.write(&held)?;
            held.clear();
            if count == 0 {
                return Ok(false);
            }
        }
    }

    /// The error for a raw reply that consists of a refusal, or that begins as a session does.
    fn refusal(&self, held: &[u8]) -> Option<Failure> {
        if is_greeting(held) {
            return Some(self.speaks_session());
        }
        let is_whole = held.ends_with(b"\n") && may_be_refusal(held);
        let refused = Refused::parse(&self.options.endpoint, held).filter(|_| is_whole)?;
        Some(refused.into())
    }

    /// The connection cannot be used again after an empty output: a lesson's server could read our
    /// `recv_ready`, which it does not answer then, together with the next command, and drop both.
    fn run_length(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        let mut digits = [0; 1024];
        let digits = match retry(|| self.traced(stream).read(&mut digits)) {
            Ok(0) => return Err(Failure::new("server closed before sending a length")),
            Ok(count) => &digits[..count],
            Err(error) => return Err(self.no_reply(stream, "length", &error)),
        };
        let length = match length_first::decode(digits, self.options.max_output) {
            Ok(length) => length,
            Err(error @ LengthError::TooLong { .. }) => {
                return Err(Failure::new(format!(
                    "{error}; raise --max-output, or does the server speak another --protocol?"
                )));
            }
            Err(error) => return Err(self.explain(stream, digits, &error)),
        };
        self.send(stream, length_first::READY)?;
        self.pass_on(stream, length, None)?;
        Ok(length > 0)
    }

    fn run_header(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        let header = self.read_header(stream)?;
        let (total, limit) = (header.total_size, self.options.max_output);
        if total > limit {
            return Err(Failure::new(format!(
                "total_size {total} exceeds the limit {limit}; raise --max-output"
            )));
        }
        if !self.options.verify_hash {
            self.pass_on(stream, total, None)?;
            return Ok(true);
        }
        let wanted = expected_hash(&header)?;
        let mut hash = Sha256::new();
        self.pass_on(stream, total, Some(&mut hash))?;
        let found = hex(&hash.finish());
        if found != wanted {
            return Err(Failure::new(format!(
                "hash mismatch: header says {wanted}, body is {found}; do not trust the output above"
            )));
        }
        Ok(true)
    }

    /// Reads a whole header within one deadline.
    fn read_header(&self, stream: &Stream) -> Result<Header, Failure> {
        let mut header = Vec::new();
        let limit = self.options.silence().unwrap_or(Duration::MAX);
        let mut limited = self.traced(DeadlineStream::after(stream, limit));
        let read = frame::read(&mut limited, frame::HEADER_LIMIT, &mut header);
        drop(limited);
        set_timeouts(self.options, stream)?;
        match read {
            Ok(true) => {}
            Ok(false) => return Err(Failure::new("server closed before sending a header")),
            Err(FrameError::Io(error)) => {
                return Err(self.no_reply(stream, "whole header", &error));
            }
            Err(error) => {
                let prefix = error.prefix().unwrap_or_default();
                return Err(self.explain(stream, &prefix, &error));
            }
        }
        if header.starts_with(GREETING) {
            return Err(self.speaks_session());
        }
        Ok(Header::decode_lesson(&header)?)
    }

    /// Copies `total` bytes to stdout without holding them in memory, and adds them to the hash if
    /// there is one.
    fn pass_on(
        &self,
        stream: &Stream,
        total: u64,
        mut hash: Option<&mut Sha256>,
    ) -> Result<(), Failure> {
        let mut output = Output::stdout();
        let mut progress = Progress::new(total, self.options.log.quiet);
        let mut buffer = vec![0; 64 * 1024];
        let (mut done, mut first) = (0, Vec::new());
        while done < total {
            let room = usize::try_from(total - done).unwrap_or(usize::MAX);
            let room = room.min(buffer.len());
            let got = format_args!("{done} of {total} bytes");
            let count = self.read(stream, &mut buffer[..room], got)?;
            if count == 0 {
                return Err(self.stranger(&first, format!("got {done} of {total} bytes")));
            }
            let bytes = &buffer[..count];
            first.extend_from_slice(&bytes[..count.min(KEPT - first.len())]);
            done += count as u64;
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
            output.write(bytes)?;
            progress.advance(count);
        }
        Ok(())
    }

    /// Reads a part of a reply of which `got` has arrived.
    fn read(
        &self,
        stream: &Stream,
        buffer: &mut [u8],
        got: fmt::Arguments<'_>,
    ) -> Result<usize, Failure> {
        retry(|| self.traced(stream).read(buffer)).map_err(|error| {
            if !is_timeout(&error) {
                return self.lost(stream, format_args!("after {got}"), &error);
            }
            let limit = show_duration(self.options.silence().unwrap_or_default());
            Failure::new(format!(
                "nothing came from {} for {limit} (got {got}); wait longer with --timeout",
                self.options.endpoint
            ))
        })
    }

    /// The error for bytes that are not a reply of this protocol. They may be the beginning of a
    /// refusal.
    fn explain(&self, stream: &Stream, first: &[u8], why: &dyn fmt::Display) -> Failure {
        let mut said = first.to_vec();
        if Refused::may_begin(&said) {
            rest_of_line(stream, &mut said);
        }
        self.stranger(
            &said,
            format!("{why}; does the server speak another --protocol?"),
        )
    }

    /// The error for a refusal, for a session server, or else `otherwise`.
    fn stranger(&self, said: &[u8], otherwise: String) -> Failure {
        if is_greeting(said) {
            return self.speaks_session();
        }
        match Refused::parse(&self.options.endpoint, said) {
            Some(refused) => refused.into(),
            None => Failure::new(otherwise),
        }
    }

    /// The error for a reply that did not begin.
    fn no_reply(&self, stream: &Stream, what: &str, error: &io::Error) -> Failure {
        if !is_timeout(error) {
            return self.lost(stream, format_args!("waiting for a {what}"), error);
        }
        Failure::new(format!(
            "no {what} came from {} within {}; wait longer with --timeout, or does the server speak \
             another --protocol?",
            self.options.endpoint,
            show_duration(self.options.silence().unwrap_or_default())
        ))
    }

    fn speaks_session(&self) -> Failure {
        Failure::new(format!(
            "{} speaks the session protocol; leave out --protocol",
            self.options.endpoint
        ))
    }

    /// The error for a failed connection, or the refusal that the server sent before it closed.
    fn lost(&self, stream: &Stream, when: impl fmt::Display, error: &io::Error) -> Failure {
        let mut said = Vec::new();
        rest_of_line(stream, &mut said);
        let (endpoint, why) = (&self.options.endpoint, reason(error));
        self.stranger(
            &said,
            format!("lost the connection to {endpoint} {when} ({why})"),
        )
    }
}

fn dial(options: &Options) -> Result<Stream, Failure> {
    let stream = connect(&options.endpoint, options.connect_timeout)?;
    stream.set_nodelay()?;
    set_timeouts(options, &stream)?;
    Ok(stream)
}

fn set_timeouts(options: &Options, stream: &Stream) -> io::Result<()> {
    stream.set_read_timeout(options.silence())?;
    stream.set_write_timeout(options.silence())
}

fn is_greeting(bytes: &[u8]) -> bool {
    bytes
        .get(4..)
        .is_some_and(|rest| rest.starts_with(GREETING))
}

/// Whether a raw reply that begins with these bytes may be a refusal, which is one line.
fn may_be_refusal(held: &[u8]) -> bool {
    let one_line = held.len() <= KEPT && !held[..held.len().saturating_sub(1)].contains(&b'\n');
    let begins = |line: &[u8]| held.starts_with(line) || line.starts_with(held);
    one_line && REFUSALS.into_iter().any(begins)
}

/// The hash to check. A lesson's server sends a constant, which cannot be verified.
fn expected_hash(header: &Header) -> Result<String, Failure> {
    let hash = header.hash.to_ascii_lowercase();
    if hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(hash);
    }
    Err(Failure::new(format!(
        "the server's hash is not a SHA-256 (it is {}); leave out --verify-hash",
        quoted(header.hash.as_bytes(), 80)
    )))
}
