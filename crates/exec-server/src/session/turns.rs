//! Two threads that take turns: while one runs a command, the other reads what the client sends.
//!
//! Somebody must read all the time, for a client's input and to notice that it has left. If it were
//! always the same thread, every command would have to be handed to another one, and that would
//! have to be woken first. So whoever reads a command runs it, and lets the other one read on.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use proto::cli::show_duration;
use proto::net::{Peer, Stream, Trace, lingering_close};
use proto::wire::session::{ExitStatus, FrameType, Opener, Sealer};

use super::End;
use super::conversation::{Conversation, Incoming};
use super::output::FrameWriter;
use crate::STACK;
use crate::context::Context;
use crate::engine::{Outcome, Request, Status, Stopped};

/// Serves commands until the connection ends, and says how that was.
pub fn take_turns(
    context: &Context,
    stream: &Arc<Stream>,
    peer: Peer,
    sealer: Sealer,
    opener: Opener,
) -> Result<(), End> {
    context.set_timeouts(stream)?;
    let conversation = Conversation::new(stream, context.options.idle_timeout);
    let log = context.options.log;
    let writer = Arc::new(FrameWriter::new(log, stream, peer, sealer));
    let traced = Trace::new(&**stream, |event| log.trace(&peer, event));
    let incoming = Mutex::new(Incoming::new(traced, opener));
    let turns = || {
        while !conversation.is_over() {
            let mut turn = incoming.lock().unwrap_or_else(PoisonError::into_inner);
            if conversation.is_over() {
                break;
            }
            match turn.next_command(&conversation, &writer) {
                Ok(command) => {
                    let run = Run {
                        context,
                        peer,
                        conversation: &conversation,
                        writer: &writer,
                    };
                    run.run(&command, || drop(turn));
                }
                Err(end) => {
                    let words = end.words();
                    conversation.end(end, || {
                        if let Some(words) = words {
                            // It is told why, if it still listens.
                            let _ = writer.send(FrameType::Error, words.as_bytes());
                            lingering_close(stream);
                        }
                    });
                }
            }
        }
    };
    thread::scope(|scope| {
        let second = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, turns);
        if let Err(error) = second {
            let end = End::NoThread(error);
            let words = end.to_string();
            return conversation.end(end, || {
                // It is told why, if it still listens.
                let _ = writer.send(FrameType::Error, words.as_bytes());
                lingering_close(stream);
            });
        }
        turns();
    });
    Err(conversation.into_end())
}

/// One command.
struct Run<'a> {
    context: &'a Context,
    peer: Peer,
    conversation: &'a Conversation<'a>,
    writer: &'a Arc<FrameWriter>,
}

impl Run<'_> {
    /// Runs it to its end; calls `read_on` as soon as the other thread may read.
    fn run(&self, command: &[u8], read_on: impl FnOnce()) {
        let started = Instant::now();
        let timeout = self.context.options.command_timeout();
        let request = Request::new(command).timeout(timeout).with_stdin();
        let ran = match self.context.engine.spawn(&request) {
            Ok(mut running) => {
                let input = running.take_input();
                self.conversation.started(running.canceller(), input);
                read_on();
                running.pump(self.writer)
            }
            Err(error) => {
                read_on();
                Err(error)
            }
        };
        let told = match ran {
            Ok(outcome) => {
                let (context, time) = (self.context, started.elapsed());
                context.log_command(self.peer, command, &outcome, time);
                self.tell(&outcome)
            }
            Err(error) => {
                self.context.log_not_run(self.peer, &error);
                self.over(FrameType::Error, &error.to_string())
            }
        };
        if let Err(error) = told {
            self.conversation.end(End::Failed(error), || ());
        }
    }

    fn tell(&self, outcome: &Outcome) -> std::io::Result<()> {
        match &outcome.stopped {
            Some(Stopped::TimedOut) => {
                let timeout = self.context.options.command_timeout().unwrap_or_default();
                let text = format!("timed out after {}", show_duration(timeout));
                return self.over(FrameType::Error, &text);
            }
            Some(Stopped::Cancelled | Stopped::Sink(_)) => {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            None => {}
        }
        if outcome.background {
            let note = b"note: a background process kept the output open\n";
            self.writer.send(FrameType::Stderr, note)?;
        }
        // Both numbers are a byte's.
        let status = match outcome.status {
            Status::Code(code) => ExitStatus::Code(code as u8),
            Status::Signal(signal) => ExitStatus::Signal(signal as u8),
        };
        self.over(FrameType::Exit, &status.encode())
    }

    /// The command's last frame. The next command may come as soon as the client has it, so the
    /// state changes before it leaves.
    fn over(&self, kind: FrameType, text: &str) -> std::io::Result<()> {
        let state = || self.conversation.command_ended();
        self.writer.send_after(kind, text.as_bytes(), state)
    }
}
