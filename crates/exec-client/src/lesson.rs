//! The lesson's three protocols, from the client's side.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use proto::cli::{Failure, Output, show_duration};
use proto::escape::quoted;
use proto::net::{Deadline, Refused, Stream, Trace, TraceEvent, connect};
use proto::reason;
use proto::wire::Protocol;
use proto::wire::frame::{self, FrameError};
use proto::wire::header::Header;
use proto::wire::length_first::{self, LengthError};
use proto::wire::sha256::{Sha256, hex};

use crate::body::{pass_on, silent};
use crate::options::Options;

/// What a session server says before anything else.
const GREETING: &[u8] = b"{\"filename\": \"hello\"";

/// A connection to one of the lesson's servers, or to ours with `--no-auth`.
pub struct Lesson<'o> {
    options: &'o Options,
    /// None where the next command needs a new one.
    stream: Option<Stream>,
}

impl<'o> Lesson<'o> {
    /// Connects.
    pub fn open(options: &'o Options) -> Result<Self, Failure> {
        let stream = Some(dial(options)?);
        Ok(Self { options, stream })
    }

    /// Runs one command, and passes its output on.
    pub fn run(&mut self, command: &[u8]) -> Result<(), Failure> {
        let stream = match self.stream.take() {
            Some(stream) if self.is_open(&stream)? => stream,
            _ => dial(self.options)?,
        };
        let goes_on = match self.options.protocol {
            Protocol::Length => self.run_length(&stream, command)?,
            Protocol::Header => self.run_header(&stream, command)?,
            Protocol::Raw | Protocol::Session => self.run_raw(&stream, command)?,
        };
        self.stream = goes_on.then_some(stream);
        Ok(())
    }

    /// Whether the server still listens on a connection that was idle. Where it has closed it, a new
    /// one does as well: no command leaves anything behind for the next. What has come in the
    /// meantime answers no command.
    fn is_open(&self, stream: &Stream) -> Result<bool, Failure> {
        let unusable = |error| Failure::io("cannot use the connection", &error);
        let mut unasked = [0; 512];
        stream.set_nonblocking(true).map_err(unusable)?;
        let came = (&mut &*stream).read(&mut unasked);
        stream.set_nonblocking(false).map_err(unusable)?;
        match came {
            Ok(count @ 1..) => Err(self.unasked(&unasked[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Ok(0) | Err(_) => Ok(false),
        }
    }

    fn unasked(&self, came: &[u8]) -> Failure {
        let endpoint = &self.options.endpoint;
        if is_greeting(came) {
            return self.speaks_session();
        }
        let refused = Refused::parse(endpoint, came).map(Failure::from);
        refused.unwrap_or_else(|| {
            let came = quoted(came.trim_ascii_end(), 80);
            Failure::new(format!(
                "{endpoint} sent {came}, which answers no command; does the server speak another \
                 --protocol?"
            ))
        })
    }

    fn traced<'s>(&'s self, stream: impl Read + Write + 's) -> impl Read + Write + 's {
        let options = self.options;
        let watch = |event: &TraceEvent<'_>| options.log.trace(&options.endpoint, event);
        Trace::new(stream, watch)
    }

    fn send(&self, stream: &Stream, bytes: &[u8]) -> Result<(), Failure> {
        self.traced(stream)
            .write_all(bytes)
            .map_err(|error| self.lost("sending", &error))
    }

    /// Nothing in this protocol says where a reply ends, except the end of the connection. So the
    /// client says that it sends no more; then the server closes behind its reply, and each command
    /// has a connection of its own.
    fn run_raw(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        stream
            .shutdown(std::net::Shutdown::Write)
            .map_err(|error| self.lost("sending", &error))?;
        let mut output = Output::stdout();
        let mut traced = self.traced(stream);
        let mut buffer = vec![0; 64 * 1024];
        let mut done: u64 = 0;
        loop {
            let count = match traced.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => {
                    return Err(silent(self.options, &format!("{done} bytes")));
                }
                Err(error) => return Err(self.lost(&format!("after {done} bytes"), &error)),
            };
            if done == 0 && is_greeting(&buffer[..count]) {
                return Err(self.speaks_session());
            }
            done += count as u64;
            output.write(&buffer[..count])?;
        }
    }

    /// True if the connection can be used again. It cannot after an empty output: a lesson's server
    /// would read our `recv_ready`, which nothing answers then, and the next command as one, and
    /// drop both.
    fn run_length(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        let mut digits = [0; 1024];
        let mut traced = self.traced(stream);
        let count = loop {
            match traced.read(&mut digits) {
                Ok(0) => return Err(Failure::new("server closed before sending a length")),
                Ok(count) => break count,
                // Ctrl-Z and fg do that.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(self.nothing("length")),
                Err(error) => return Err(self.lost("waiting for a length", &error)),
            }
        };
        if is_greeting(&digits[..count]) {
            return Err(self.speaks_session());
        }
        let length = match length_first::decode(&digits[..count], self.options.max_output) {
            Ok(length) => length,
            Err(error @ LengthError::TooLong { .. }) => {
                return Err(Failure::new(format!(
                    "{error}; raise --max-output, or does the server speak another --protocol?"
                )));
            }
            Err(error) => return Err(self.explain(stream, &digits[..count], &error.to_string())),
        };
        self.send(stream, length_first::READY)?;
        pass_on(&mut traced, length, self.options, None)?;
        Ok(length > 0)
    }

    fn run_header(&self, stream: &Stream, command: &[u8]) -> Result<bool, Failure> {
        self.send(stream, command)?;
        let header = self.read_header(stream)?;
        if header.total_size > self.options.max_output {
            return Err(Failure::new(format!(
                "total_size {} exceeds the limit {}; raise --max-output",
                header.total_size, self.options.max_output
            )));
        }
        let wanted = self.options.verify_hash.then(|| expected_hash(&header));
        let wanted = wanted.transpose()?;
        let mut hash = wanted.as_ref().map(|_| Sha256::new());
        let mut traced = self.traced(stream);
        pass_on(&mut traced, header.total_size, self.options, hash.as_mut())?;
        if let (Some(wanted), Some(hash)) = (wanted, hash) {
            let found = hex(&hash.finish());
            if found != wanted {
                return Err(Failure::new(format!(
                    "hash mismatch: header says {wanted}, body is {found}; do not trust the \
                     output above"
                )));
            }
        }
        Ok(true)
    }

    /// In all within the time that silence may last, however its bytes are spread.
    fn read_header(&self, stream: &Stream) -> Result<Header, Failure> {
        let mut header = Vec::new();
        let read = match self.options.silence() {
            Some(limit) => {
                let mut limited = self.traced(Deadline::after(stream, limit));
                let read = frame::read(&mut limited, frame::HEADER_LIMIT, &mut header);
                drop(limited);
                set_timeouts(self.options, stream)
                    .map_err(|error| self.lost("waiting for a header", &error))?;
                read
            }
            None => frame::read(&mut self.traced(stream), frame::HEADER_LIMIT, &mut header),
        };
        match read {
            Ok(true) => {}
            Ok(false) => return Err(Failure::new("server closed before sending a header")),
            Err(FrameError::Io(error)) if is_timeout(&error) => {
                return Err(self.nothing("whole header"));
            }
            Err(FrameError::Io(error)) => return Err(self.lost("waiting for a header", &error)),
            Err(error) => {
                let first = match error {
                    FrameError::TooLong { length, .. } => length.to_le_bytes(),
                    _ => return Err(Failure::new(error)),
                };
                return Err(self.explain(stream, &first, &error.to_string()));
            }
        }
        if header.starts_with(GREETING) {
            return Err(self.speaks_session());
        }
        Header::decode_lesson(&header).map_err(Failure::new)
    }

    /// What came is no reply of this protocol. It may be what a server says when it turns a caller
    /// away; the rest of that line may be on its way.
    fn explain(&self, stream: &Stream, first: &[u8], text: &str) -> Failure {
        let mut said = first.to_vec();
        if said.starts_with(b"erro") {
            let rest = Deadline::after(stream, Duration::from_millis(200));
            // Whatever comes of it: there is a failure to tell already.
            let _ = self.traced(rest).take(500).read_to_end(&mut said);
        }
        let refused = Refused::parse(&self.options.endpoint, &said).map(Failure::from);
        refused.unwrap_or_else(|| {
            Failure::new(format!("{text}; does the server speak another --protocol?"))
        })
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

    fn lost(&self, when: &str, error: &io::Error) -> Failure {
        let endpoint = &self.options.endpoint;
        Failure::new(format!(
            "lost the connection to {endpoint} {when} ({}); did the server turn us away?",
            reason(error)
        ))
    }
}

fn dial(options: &Options) -> Result<Stream, Failure> {
    let stream = connect(&options.endpoint, options.connect_timeout)?;
    stream
        .set_nodelay()
        .and_then(|()| set_timeouts(options, &stream))
        .map_err(|error| Failure::io("cannot use the connection", &error))?;
    Ok(stream)
}

fn set_timeouts(options: &Options, stream: &Stream) -> io::Result<()> {
    stream.set_read_timeout(options.silence())?;
    stream.set_write_timeout(options.silence())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Behind the four bytes of its length.
fn is_greeting(bytes: &[u8]) -> bool {
    bytes
        .get(4..)
        .is_some_and(|rest| rest.starts_with(GREETING))
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
