//! Running a command whose whole output is one reply, and the three ways to frame that.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use proto::cli::{show_bytes, show_duration};
use proto::net::DeadlineStream;
use proto::wire::Protocol;
use proto::wire::header::Header;
use proto::wire::sha256::{Sha256, hex};
use proto::wire::{frame, length_first, read_full};

use crate::client::Client;
use crate::close_reason::CloseReason;
use crate::context::Context;
use crate::engine::{Collected, EngineError, Outcome, Request, Stopped};

/// Up to this size a reply is copied together and leaves in one write; the parts of a longer one
/// are worth a write each.
const ONE_WRITE: usize = 64 * 1024;

/// The name that the lesson's header gives to every output.
const FILENAME: &str = "a.txt";

/// A command's output, as far as there is any. What we have to say ourselves stands behind it.
#[derive(Default)]
pub struct Reply {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// The reply to a request that is no command because of its length.
pub fn too_long(client: &Client, length: usize) -> Reply {
    not_run(client, &EngineError::TooLong(length))
}

fn not_run(client: &Client, why: &EngineError) -> Reply {
    client.log_not_run(why);
    Reply {
        stdout: Vec::new(),
        stderr: format!("error: {why}\n").into_bytes(),
    }
}

/// Runs a command to its end.
pub fn run(client: &Client, command: &[u8]) -> Reply {
    let (started, context) = (Instant::now(), &client.context);
    let timeout = context.options.command_timeout();
    let limit = usize::try_from(context.options.max_output).unwrap_or(usize::MAX);
    // This thread is busy with the command and reads nothing, so it does not notice a reset. The mere
    // end of what the client sends says "no more commands", and its output is still wanted.
    let stream = Arc::clone(&client.stream);
    let request = Request::new(command)
        .timeout(timeout)
        .cancelled_when(move || !matches!(stream.take_error(), Ok(None)));
    let ran = context
        .engine
        .spawn(request)
        .and_then(|running| running.collect(limit));
    match ran {
        Ok((outcome, collected)) => {
            client.log_command(command, &outcome, started.elapsed());
            compose(context, &outcome, collected)
        }
        Err(why) => not_run(client, &why),
    }
}

fn compose(context: &Context, outcome: &Outcome, collected: Collected) -> Reply {
    let mut reply = Reply {
        stdout: collected.stdout,
        stderr: collected.stderr,
    };
    if collected.over_limit {
        let limit = show_bytes(context.options.max_output);
        // What there is of it would pass for the whole.
        reply.stdout = Vec::new();
        reply.stderr = format!(
            "error: the command's output is over {limit}; raise --max-output of the server, or \
             use --protocol session\n"
        )
        .into_bytes();
        return reply;
    }
    if outcome.cut {
        let note = b"note: a background process still held the output; it was closed\n";
        reply.stderr.extend_from_slice(note);
    }
    if matches!(outcome.stopped, Some(Stopped::TimedOut)) {
        let timeout = show_duration(context.options.command_timeout().unwrap_or_default());
        // Where one of the two is dropped, this must stand in the other.
        let length_first = context.options.protocol == Protocol::Length;
        let last = match length_first && !reply.stdout.is_empty() {
            true => &mut reply.stdout,
            false => &mut reply.stderr,
        };
        last.extend_from_slice(format!("error: timed out after {timeout}\n").as_bytes());
    }
    reply
}

impl Reply {
    /// Sends it as the protocol frames it.
    pub fn send(
        self,
        traced: &mut (impl Read + Write),
        client: &Client,
    ) -> Result<(), CloseReason> {
        match client.context.options.protocol {
            Protocol::Length => self.send_length_first(traced, client),
            Protocol::Header => self.send_with_header(traced),
            Protocol::Raw | Protocol::Session => self.send_parts(traced, Vec::new()),
        }
    }

    /// The lesson sends one of the two outputs, and drops what is on the other.
    fn send_length_first(
        mut self,
        traced: &mut (impl Read + Write),
        client: &Client,
    ) -> Result<(), CloseReason> {
        if self.stdout.is_empty() {
            self.stdout = std::mem::take(&mut self.stderr);
        } else if !self.stderr.is_empty() {
            let dropped = self.stderr.len();
            client.log().info(format_args!(
                "{dropped} bytes of standard error dropped: this protocol sends one output"
            ));
            self.stderr = Vec::new();
        }
        let length = length_first::encode(self.stdout.len() as u64);
        traced.write_all(length.as_bytes())?;
        await_ready(client)?;
        client.set_timeouts()?;
        self.send_parts(traced, Vec::new())
    }

    fn send_with_header(self, traced: &mut impl Write) -> Result<(), CloseReason> {
        let mut hash = Sha256::new();
        hash.update(&self.stdout);
        hash.update(&self.stderr);
        let header = Header {
            filename: FILENAME.into(),
            total_size: (self.stdout.len() + self.stderr.len()) as u64,
            hash: hex(&hash.finish()),
        };
        let mut start = Vec::new();
        frame::encode(header.encode().as_bytes(), &mut start).map_err(std::io::Error::other)?;
        self.send_parts(traced, start)
    }

    /// `start`, standard output, standard error: in one write unless that would copy much.
    fn send_parts(self, traced: &mut impl Write, mut start: Vec<u8>) -> Result<(), CloseReason> {
        if self.stdout.len() + self.stderr.len() <= ONE_WRITE {
            start.extend_from_slice(&self.stdout);
            start.extend_from_slice(&self.stderr);
            traced.write_all(&start)?;
            return Ok(());
        }
        for part in [start, self.stdout, self.stderr] {
            traced.write_all(&part)?;
        }
        Ok(())
    }
}

/// In all, not for each byte: a client that never answers costs a thread.
fn await_ready(client: &Client) -> Result<(), CloseReason> {
    let limit = client.context.options.handshake_timeout;
    let mut answers = client.traced(DeadlineStream::after(&client.stream, limit));
    let mut answer = [0; length_first::READY.len()];
    match read_full(&mut answers, &mut answer) {
        Ok(_) if answer == length_first::READY => Ok(()),
        Ok(0) => Err(CloseReason::ClosedByPeer),
        Ok(_) => Err(CloseReason::NotReady(
            "a length is answered by recv_ready, and something else came",
        )),
        Err(error) if error.kind() == ErrorKind::TimedOut => Err(CloseReason::NotReady(
            "a length is answered by recv_ready, and nothing came",
        )),
        Err(error) => Err(error.into()),
    }
}
