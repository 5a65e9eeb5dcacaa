//! Runs a command whose whole output is one reply, and frames it in three ways.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Instant;

use proto::cli::{show_bytes, show_duration};
use proto::net::{DeadlineStream, Stream};
use proto::wire::Protocol;
use proto::wire::header::Header;
use proto::wire::sha256::{Sha256, hex};
use proto::wire::{frame, length_first, read_full};

use super::request::Received;
use crate::client::Client;
use crate::close_reason::CloseReason;
use crate::engine::{COMMAND_LIMIT, Collected, EngineError, Outcome, Request, Stopped};

/// How much of a reply is copied into the buffer of its header, so that one write sends both.
const ONE_WRITE: usize = 64 * 1024;

/// The file name in the lesson's header, which is always the same.
const FILENAME: &str = "a.txt";

fn not_run(client: &Client, why: &EngineError) -> Vec<u8> {
    client.log_not_run(why);
    format!("error: {why}\n").into_bytes()
}

/// Runs the command of a request to its end, and returns the reply.
pub fn to(client: &Client, request: &Received<'_>) -> Vec<u8> {
    if request.length > COMMAND_LIMIT {
        return not_run(client, &EngineError::TooLong(request.length));
    }
    let (started, context) = (Instant::now(), &client.context);
    let command = request.command;
    let limit = usize::try_from(context.options.max_output).unwrap_or(usize::MAX);
    // While this thread runs the command it does not read, so it would not notice a reset. If the
    // client has only half-closed, it still wants the output. A command that was given up must not
    // keep the connection open.
    let stream = client.stream.downgrade();
    let gone = |stream: Stream| !matches!(stream.take_error(), Ok(None));
    let request = Request {
        timeout: context.options.command_timeout(),
        unwanted: Some(Box::new(move || stream.upgrade().is_none_or(gone))),
        ..Request::new(command)
    };
    let ran = context
        .engine
        .spawn(request)
        .and_then(|running| running.collect(limit));
    match ran {
        Ok((outcome, collected)) => {
            client.log_command(command, &outcome, started.elapsed());
            compose(client, &outcome, collected)
        }
        Err(why) => not_run(client, &why),
    }
}

/// Standard output, then standard error, then the server's own messages.
fn compose(client: &Client, outcome: &Outcome, collected: Collected) -> Vec<u8> {
    let options = client.context.options;
    if let Some(Stopped::Sink(_)) = outcome.stopped {
        let limit = show_bytes(options.max_output);
        // A partial output would look complete.
        return format!(
            "error: the command's output is over {limit}; raise --max-output of the server, or \
             use --protocol session\n"
        )
        .into_bytes();
    }
    let (mut body, mut stderr) = (collected.stdout, collected.stderr);
    if outcome.cut {
        let note = b"note: a background process still held the output; it was closed\n";
        stderr.extend_from_slice(note);
    }
    // In this protocol the lesson sends only one of the outputs.
    if options.protocol == Protocol::Length && !body.is_empty() {
        if !stderr.is_empty() {
            let dropped = stderr.len();
            client.log().info(format_args!(
                "{dropped} bytes of standard error dropped: this protocol sends one output"
            ));
        }
    } else {
        body.append(&mut stderr);
    }
    if matches!(outcome.stopped, Some(Stopped::TimedOut)) {
        let timeout = show_duration(options.command_timeout().unwrap_or_default());
        body.extend_from_slice(format!("error: timed out after {timeout}\n").as_bytes());
    }
    body
}

/// Sends a reply as the protocol frames it.
pub fn send(
    body: &[u8],
    traced: &mut (impl Read + Write),
    client: &Client,
) -> Result<(), CloseReason> {
    let mut start = Vec::new();
    match client.context.options.protocol {
        Protocol::Length => {
            let length = length_first::encode(body.len() as u64);
            traced.write_all(length.as_bytes())?;
            await_ready(client)?;
        }
        Protocol::Header => {
            let mut hash = Sha256::new();
            hash.update(body);
            let header = Header {
                filename: FILENAME.into(),
                total_size: body.len() as u64,
                hash: hex(&hash.finish()),
            };
            frame::encode(header.encode().as_bytes(), &mut start).map_err(io::Error::other)?;
        }
        Protocol::Raw | Protocol::Session => {}
    }
    let (first, rest) = body.split_at(body.len().min(ONE_WRITE));
    start.extend_from_slice(first);
    traced.write_all(&start)?;
    traced.write_all(rest)?;
    Ok(())
}

/// Waits for `recv_ready` with one deadline, because a client that never answers costs a thread.
fn await_ready(client: &Client) -> Result<(), CloseReason> {
    let limit = client.context.options.handshake_timeout;
    let mut answers = client.traced(DeadlineStream::after(&client.stream, limit));
    let mut answer = [0; length_first::READY.len()];
    let came = match read_full(&mut answers, &mut answer) {
        Ok(_) if answer == length_first::READY => return Ok(()),
        Ok(0) => return Err(CloseReason::ClosedByPeer),
        Ok(_) => "something else",
        Err(error) if error.kind() == ErrorKind::TimedOut => "nothing",
        Err(error) => return Err(error.into()),
    };
    Err(CloseReason::NotUnderstood(format!(
        "a length is answered by recv_ready, and {came} came"
    )))
}
