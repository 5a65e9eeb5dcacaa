//! What is sent: sealed frames, from the main thread and from the one that forwards stdin.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use proto::cli::{self, Failure, Log};
use proto::net::{Endpoint, Stream, Trace, TraceEvent};
use proto::wire::session::{BODY_LIMIT, FrameType, Sealer};

use crate::options::Options;

/// The way to the server.
pub struct Outgoing {
    /// Held while a frame leaves: frames are numbered, so they leave in the order of sealing.
    sealer: Mutex<Sealer>,
    stream: Arc<Stream>,
    endpoint: Endpoint,
    log: Log,
}

impl Outgoing {
    pub fn new(options: &Options, stream: Arc<Stream>, sealer: Sealer) -> Self {
        Self {
            sealer: Mutex::new(sealer),
            stream,
            endpoint: options.endpoint.clone(),
            log: options.log,
        }
    }

    fn hold(&self) -> MutexGuard<'_, Sealer> {
        self.sealer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends these frames in one write.
    fn send<const N: usize>(&self, frames: [(FrameType, &[u8]); N]) -> io::Result<()> {
        let watch = |event: &TraceEvent<'_>| self.log.trace(&self.endpoint, event);
        let mut traced = Trace::new(&*self.stream, watch);
        self.hold().send(&mut traced, frames)
    }

    /// Answers a `ping`.
    pub fn send_pong(&self) -> io::Result<()> {
        self.send([(FrameType::Pong, b"")])
    }

    /// Sends a command, and the end of its input right behind it where there will be none.
    pub fn send_command(&self, command: &[u8], with_input: bool) -> io::Result<()> {
        let command = (FrameType::Command, command);
        match with_input {
            true => self.send([command]),
            false => self.send([command, (FrameType::StdinEof, b"")]),
        }
    }
}

/// Sends our standard input to the command, in a thread of its own, until it ends. The thread may
/// be left waiting for input when the command is over.
pub fn forward_stdin(outgoing: Arc<Outgoing>) -> Result<(), Failure> {
    thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            let mut stdin = cli::stdin();
            let mut buffer = vec![0; BODY_LIMIT];
            loop {
                let count = match stdin.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    // An input that cannot be read has ended.
                    result => result.unwrap_or(0),
                };
                let kind = if count > 0 {
                    FrameType::Stdin
                } else {
                    FrameType::StdinEof
                };
                // Where the connection is gone, the main thread says so.
                if outgoing.send([(kind, &buffer[..count])]).is_err() || count == 0 {
                    return;
                }
            }
        })
        .map(drop)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}
