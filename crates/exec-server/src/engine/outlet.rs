//! One of a command's two outputs: a pipe that one thread reads and that the clock can close.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use proto::{is_timeout, retry};

use super::os::{OutputPipe, WAKES_BY_A_BYTE, wake, without_waiting};
use super::outcome::Stopped;

/// The reader is in the sink: it waits for the client.
const IN_SINK: u8 = 0;
/// The reader is in the pipe, or about to be: it waits for the command.
const IN_PIPE: u8 = 1;
/// The reader takes the rest of the pipe and does not wait for more.
const CLOSED: u8 = 2;
/// The reader is in the pipe, and will not wait again after this read.
const LEAVING: u8 = 3;
/// The reader is in the pipe, and `close` has called `wake`.
const WOKEN: u8 = 4;

/// The first buffer, because most commands write little.
const SMALL: usize = 4096;
/// The buffer after a read has filled the small one: the default capacity of a pipe.
const LARGE: usize = 65_536;

/// The maximum size of a pipe (`/proc/sys/fs/pipe-max-size`). After `close`, further bytes were
/// written later.
const PIPE_MAX: u64 = 1 << 20;

/// The reading end of a pipe, and the state of its reader.
pub(super) struct Outlet {
    pipe: OutputPipe,
    place: AtomicU8,
}

/// The result of a reader.
pub(super) struct Pumped {
    /// The bytes that the sink has taken.
    pub(super) taken: u64,
    /// Whether the pipe was closed while a process still held it.
    pub(super) cut: bool,
}

impl Outlet {
    pub(super) const fn new(pipe: OutputPipe) -> Self {
        Self {
            pipe,
            place: AtomicU8::new(IN_SINK),
        }
    }

    /// Passes the output to `sink` until the pipe ends or is closed, and then drops the pipe.
    ///
    /// If the sink fails, `stop` ends the command, and the rest of the output is read and dropped,
    /// so that a process that cleans up after TERM does not block on its output.
    pub(super) fn pump(
        self: Arc<Self>,
        mut sink: impl FnMut(&[u8]) -> io::Result<()>,
        stop: impl Fn(Stopped),
    ) -> Pumped {
        let mut buffer = vec![0; SMALL];
        let mut wanted = true;
        let mut taken = 0;
        let mut forward = |bytes: &[u8]| {
            if wanted {
                match sink(bytes) {
                    Ok(()) => taken += bytes.len() as u64,
                    Err(error) => {
                        wanted = false;
                        stop(Stopped::Sink(error));
                    }
                }
            }
        };
        let cut = loop {
            let length = match self.read(&mut buffer) {
                Some(0) => break false,
                Some(length) => length,
                None => break !self.read_rest(&mut buffer, forward),
            };
            forward(&buffer[..length]);
            if length == buffer.len() {
                buffer.resize(LARGE, 0);
            }
        };
        Pumped { taken, cut }
    }

    fn moved(&self, from: u8, to: u8) -> bool {
        self.place
            .compare_exchange(from, to, SeqCst, SeqCst)
            .is_ok()
    }

    /// Waits for output. Returns 0 at its end, and `None` if the pipe was closed.
    fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        if !self.moved(IN_SINK, IN_PIPE) {
            return None;
        }
        let read = self.read_pipe(buffer);
        let timed_out = read.as_ref().is_err_and(is_timeout);
        let length = read.unwrap_or(0);
        if self.moved(IN_PIPE, IN_SINK) {
            return Some(length);
        }
        let was_woken = self.place.swap(CLOSED, SeqCst) == WOKEN;
        // The byte that woke the reader comes after the command's own bytes.
        let has_byte = was_woken && WAKES_BY_A_BYTE && buffer[..length].ends_with(&[0]);
        match length - usize::from(has_byte) {
            0 if has_byte || timed_out => None,
            length => Some(length),
        }
    }

    /// Reads once there is something to read. A read that times out is repeated until the pipe was
    /// closed; see `portable.rs`.
    fn read_pipe(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match retry(|| (&self.pipe).read(buffer)) {
                Err(error) if is_timeout(&error) && self.place.load(SeqCst) == IN_PIPE => {}
                result => return result,
            }
        }
    }

    /// Forwards the rest of the pipe without waiting. Returns whether the pipe has ended.
    fn read_rest(&self, buffer: &mut [u8], mut forward: impl FnMut(&[u8])) -> bool {
        let Ok(pipe) = without_waiting(&self.pipe) else {
            return false;
        };
        let mut rest = pipe.take(PIPE_MAX);
        loop {
            match rest.read(buffer) {
                Ok(0) => return rest.limit() > 0,
                Ok(length) => forward(&buffer[..length]),
                Err(_) => return false,
            }
        }
    }

    /// Whether the reader waits for the command and not for the client.
    pub(super) fn waits_for_command(&self) -> bool {
        matches!(self.place.load(SeqCst), IN_PIPE | LEAVING | WOKEN)
    }

    /// Makes the reader return after the rest of the pipe, even if a process still holds the other
    /// end. It never blocks.
    ///
    /// The clock calls it at each tick. A reader that still waits at the second call waits at an
    /// empty pipe, so it reads the waking byte alone.
    pub(super) fn close(&self) {
        if self.moved(LEAVING, WOKEN) {
            wake(&self.pipe);
        } else if !self.moved(IN_PIPE, LEAVING) {
            self.moved(IN_SINK, CLOSED);
        }
    }
}
