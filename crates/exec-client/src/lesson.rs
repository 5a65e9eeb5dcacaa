//! The lesson's three protocols, from the client's side.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use proto::cli::{Failure, Output, show_duration};
use proto::escape::quoted;
use proto::net::{DeadlineStream, Refused, Stream, Trace, TraceEvent, connect};
use proto::wire::Protocol;
use proto::wire::frame::{self, FrameError};
use proto::wire::header::Header;
use proto::wire::length_first::{self, LengthError};
use proto::wire::sha256::{Sha256, hex};
use proto::{is_timeout, reason, retry};

use crate::Done;
use crate::body::{pass_on, silent};
use crate::options::Options;

/// What a session server says first, behind the four bytes of its length.
const GREETING: &[u8] = b"{\"filename\": \"hello\"";
/// How the refusals of our servers begin. In raw nothing else tells one from an output.
const REFUSALS: [&[u8]; 3] = [
    b"error: busy, ",
    b"error: server cannot start ",
    b"error: this looks like ",
];

/// A connection to one of the lesson's servers, or to ours with `--no-auth`.
pub struct Lesson {
    options: Arc<Options>,
    /// None where the next command needs a new one.
    stream: Option<Stream>,
}

/// What a command's reply leaves behind.
struct Reply {
    open_line: bool,
    /// Whether the connection can carry another command.
    reusable: bool,
}

impl Lesson {
    /// Connects.
    pub fn open(options: &Arc<Options>) -> Result<Self, Failure> {
        Ok(Self {
            options: Arc::clone(options),
            stream: Some(dial(options)?),
        })
    }

    /// Runs one command, and passes its output on. These protocols carry no status.
    pub fn run(&mut self, command: &[u8]) -> Result<Done, Failure> {
        let stream = match self.stream.take() {
            Some(stream) if self.is_open(&stream)? => stream,
            _ => dial(&self.options)?,
        };
        let reply = match self.options.protocol {
            Protocol::Length => self.run_length(&stream, command)?,
            Protocol::Header => self.run_header(&stream, command)?,
            Protocol::Raw | Protocol::Session => self.run_raw(&stream, command)?,
        };
        if reply.reusable {
            self.stream = Some(stream);
        } else {
            self.is_open(&stream)?;
        }
        let (status, open_line) = (0, reply.open_line);
        Ok(Done { status, open_line })
    }

    /// Looks once whether more has come than the last reply announced.
    pub fn finish(self) -> Result<(), Failure> {
        match &self.stream {
            Some(stream) => self.is_open(stream).map(drop),
            None => Ok(()),
        }
    }

    /// Whether the server still listens on a connection between two commands. Where it has closed it,
    /// a new one does as well: no command leaves anything behind for the next. Bytes that have come
    /// by now belong to no reply.
    fn is_open(&self, stream: &Stream) -> Result<bool, Failure> {
        let mut unasked = [0; 512];
        stream.set_nonblocking(true)?;
        let came = (&mut &*stream).read(&mut unasked);
        stream.set_nonblocking(false)?;
        match came {
            Ok(0) => Ok(false),
            Ok(count) => Err(self.unasked(&unasked[..count])),
            Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
        }
    }

    fn unasked(&self, came: &[u8]) -> Failure {
        let endpoint = &self.options.endpoint;
        if is_greeting(came) {
            return self.speaks_session();
        }
        if let Some(refused) = Refused::parse(endpoint, came) {
            return refused.into();
        }
        let came = quoted(came.trim_ascii_end(), 80);
        Failure::new(format!(
            "{endpoint} sent {came}, which answers no command; does the server speak another \
             --protocol?"
        ))
    }

    fn traced<'s>(&'s self, stream: impl Read + Write + 's) -> impl Read + Write + 's {
        let options = &*self.options;
        let watch = |event: &TraceEvent<'_>| options.log.trace(&options.endpoint, event);
        Trace::new(stream, watch)
    }

    fn send(&self, stream: &Stream, bytes: &[u8]) -> Result<(), Failure> {
        self.traced(stream)
            .write_all(bytes)
            .map_err(|error| self.lost(stream, "sending", &error))
    }

    /// Nothing in this protocol says where a reply ends, except the end of the connection. So the
    /// client says that it sends no more; then the server closes after its reply, and each command
    /// has a connection of its own.
    fn run_raw(&self, stream: &Stream, command: &[u8]) -> Result<Reply, Failure> {
        self.send(stream, command)?;
        stream
            .shutdown(Shutdown::Write)
            .map_err(|error| self.lost(stream, "sending", &error))?;
        let mut traced = self.traced(stream);
        let mut buffer = vec![0; 64 * 1024];
        let mut output = Output::stdout();
        // The beginning is kept until it is clear that it is no refusal.
        let (mut held, mut is_output) = (Vec::new(), false);
        let (mut done, mut open_line) = (0, false);
        loop {
            let count = match retry(|| traced.read(&mut buffer)) {
                Ok(count) => count,
                Err(error) if is_timeout(&error) => {
                    return Err(silent(&self.options, &format!("{done} bytes")));
                }
                Err(error) => {
                    let lost = || self.lost(stream, &format!("after {done} bytes"), &error);
                    return Err(refusal(&self.options, &held).unwrap_or_else(lost));
                }
            };
            let mut bytes = &buffer[..count];
            if done == 0 && is_greeting(bytes) {
                return Err(self.speaks_session());
            }
            done += count;
            if !is_output {
                held.extend_from_slice(bytes);
                is_output = !may_be_refusal(&held);
                if !is_output && count > 0 {
                    continue;
                }
                if !is_output && let Some(refused) = refusal(&self.options, &held) {
                    return Err(refused);
                }
                bytes = &held;
            }
            if !bytes.is_empty() {
                open_line = !bytes.ends_with(b"\n");
                output.write(bytes)?;
            }
            if count == 0 {
                let reusable = false;
                return Ok(Reply {
                    open_line,
                    reusable,
                });
            }
        }
    }

    /// The connection cannot be used again after an empty output: a lesson's server would read our
    /// `recv_ready`, which nothing answers then, and the next command as one, and drop both.
    fn run_length(&self, stream: &Stream, command: &[u8]) -> Result<Reply, Failure> {
        self.send(stream, command)?;
        let mut digits = [0; 1024];
        let mut traced = self.traced(stream);
        let digits = match retry(|| traced.read(&mut digits)) {
            Ok(0) => return Err(Failure::new("server closed before sending a length")),
            Ok(count) => &digits[..count],
            Err(error) if is_timeout(&error) => return Err(self.nothing("length")),
            Err(error) => return Err(self.lost(stream, "waiting for a length", &error)),
        };
        if is_greeting(digits) {
            return Err(self.speaks_session());
        }
        let length = match length_first::decode(digits, self.options.max_output) {
            Ok(length) => length,
            Err(error @ LengthError::TooLong { .. }) => {
                return Err(Failure::new(format!(
                    "{error}; raise --max-output, or does the server speak another --protocol?"
                )));
            }
            Err(error) => return Err(self.explain(stream, digits, &error.to_string())),
        };
        self.send(stream, length_first::READY)?;
        Ok(Reply {
            open_line: pass_on(&mut traced, length, &self.options, None)?,
            reusable: length > 0,
        })
    }

    fn run_header(&self, stream: &Stream, command: &[u8]) -> Result<Reply, Failure> {
        self.send(stream, command)?;
        let header = self.read_header(stream)?;
        let (total, limit) = (header.total_size, self.options.max_output);
        if total > limit {
            return Err(Failure::new(format!(
                "total_size {total} exceeds the limit {limit}; raise --max-output"
            )));
        }
        let wanted = self.options.verify_hash.then(|| expected_hash(&header));
        let wanted = wanted.transpose()?;
        let mut hash = wanted.as_ref().map(|_| Sha256::new());
        let mut traced = self.traced(stream);
        let open_line = pass_on(&mut traced, total, &self.options, hash.as_mut())?;
        if let (Some(wanted), Some(hash)) = (wanted, hash) {
            let found = hex(&hash.finish());
            if found != wanted {
                return Err(Failure::new(format!(
                    "hash mismatch: header says {wanted}, body is {found}; do not trust the \
                     output above"
                )));
            }
        }
        let reusable = true;
        Ok(Reply {
            open_line,
            reusable,
        })
    }

    /// In all within the time that silence may last, however its bytes are spread.
    fn read_header(&self, stream: &Stream) -> Result<Header, Failure> {
        let mut header = Vec::new();
        let limit = self.options.silence().unwrap_or(Duration::MAX);
        let mut limited = self.traced(DeadlineStream::after(stream, limit));
        let read = frame::read(&mut limited, frame::HEADER_LIMIT, &mut header);
        drop(limited);
        set_timeouts(&self.options, stream)?;
        match read {
            Ok(true) => {}
            Ok(false) => return Err(Failure::new("server closed before sending a header")),
            Err(FrameError::Io(error)) if is_timeout(&error) => {
                return Err(self.nothing("whole header"));
            }
            Err(FrameError::Io(error)) => {
                return Err(self.lost(stream, "waiting for a header", &error));
            }
            Err(FrameError::TooLong { length, limit }) => {
                let error = FrameError::TooLong { length, limit }.to_string();
                return Err(self.explain(stream, &length.to_le_bytes(), &error));
            }
            Err(error) => return Err(error.into()),
        }
        if header.starts_with(GREETING) {
            return Err(self.speaks_session());
        }
        Ok(Header::decode_lesson(&header)?)
    }

    /// What came is no reply of this protocol. It may be the beginning of a refusal.
    fn explain(&self, stream: &Stream, first: &[u8], text: &str) -> Failure {
        let mut said = first.to_vec();
        if Refused::may_begin(&said) {
            self.read_rest(stream, &mut said);
        }
        match Refused::parse(&self.options.endpoint, &said) {
            Some(refused) => refused.into(),
            None => Failure::new(format!("{text}; does the server speak another --protocol?")),
        }
    }

    /// Reads on for a moment: the rest of a line may be on its way.
    fn read_rest(&self, stream: &Stream, said: &mut Vec<u8>) {
        let rest = DeadlineStream::after(stream, Duration::from_millis(200));
        // Whatever comes of it: there is a failure to tell already.
        let _ = self.traced(rest).take(500).read_to_end(said);
    }

    fn nothing(&self, what: &str) -> Failure {
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

    /// The connection failed. A server that refuses a client says why before it closes.
    fn lost(&self, stream: &Stream, when: &str, error: &io::Error) -> Failure {
        let endpoint = &self.options.endpoint;
        let mut said = Vec::new();
        self.read_rest(stream, &mut said);
        match Refused::parse(endpoint, &said) {
            Some(refused) => refused.into(),
            None => Failure::new(format!(
                "lost the connection to {endpoint} {when} ({}); did the server turn us away?",
                reason(error)
            )),
        }
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

/// Whether all that has come of a raw reply may be one line that refuses the connection.
fn may_be_refusal(held: &[u8]) -> bool {
    let one_line = held.len() <= 512 && !held[..held.len().saturating_sub(1)].contains(&b'\n');
    let begins = |line: &[u8]| held.starts_with(line) || line.starts_with(held);
    one_line && REFUSALS.into_iter().any(begins)
}

fn refusal(options: &Options, held: &[u8]) -> Option<Failure> {
    let is_whole = held.ends_with(b"\n") && REFUSALS.iter().any(|line| held.starts_with(line));
    let refused = Refused::parse(&options.endpoint, held).filter(|_| is_whole)?;
    Some(refused.into())
}

/// A lesson's server sends a constant, which cannot be verified.
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
