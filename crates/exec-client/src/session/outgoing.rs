//! What is sent: sealed frames, from the main thread and from the one that forwards stdin.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use proto::cli::{self, Failure, Log};
use proto::net::{Endpoint, Stream, Trace, TraceEvent};
use proto::wire::session::{BODY_LIMIT, HEADROOM, Kind, Sealer};

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

    fn write(&self, frame: &[u8]) -> io::Result<()> {
        let watch = |event: &TraceEvent<'_>| self.log.trace(&self.endpoint, event);
        Trace::new(&*self.stream, watch).write_all(frame)
    }

    /// Sends a command. An empty `stdin` frame behind it tells the server at once that there will
    /// be input, however long it takes to come.
    pub fn send_command(&self, command: &[u8], with_input: bool) -> io::Result<()> {
        let mut sealer = self.hold();
        let mut frames = sealer.seal_copy(Kind::Command, command);
        if with_input {
            frames.extend(sealer.seal_copy(Kind::Stdin, b""));
        }
        self.write(&frames)
    }
}

/// Sends our standard input to the command, in a thread of its own, until it ends. The thread may
/// be left waiting for input when the command is over.
pub fn forward_stdin(outgoing: Arc<Outgoing>) -> Result<(), Failure> {
    thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            let mut stdin = cli::stdin();
            let mut buffer = vec![0; HEADROOM + BODY_LIMIT];
            loop {
                let count = match stdin.read(&mut buffer[HEADROOM..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    // An input that cannot be read has ended.
                    result => result.unwrap_or(0),
                };
                let kind = if count > 0 {
                    Kind::Stdin
                } else {
                    Kind::StdinEof
                };
                let mut sealer = outgoing.hold();
                let frame = sealer.seal(kind, &mut buffer[..HEADROOM + count]);
                // Where the connection is gone, the main thread says so.
                if outgoing.write(frame).is_err() || count == 0 {
                    return;
                }
            }
        })
        .map(drop)
        .map_err(|error| Failure::start("cannot start a thread", &error))
}
