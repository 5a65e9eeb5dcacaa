//! One of a command's two outputs: a pipe that one thread reads, and that the clock can close.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::thread;

use proto::retry;

use super::outcome::Stopped;
use super::sink::{Sink, Stream};

/// The reader is in the sink: it waits for the client.
const IN_SINK: u8 = 0;
/// The reader is in the pipe, or about to be: it waits for the command.
const IN_PIPE: u8 = 1;
/// The reader takes what is in the pipe and waits no more.
const CLOSED: u8 = 2;
/// The reader has returned.
const ENDED: u8 = 3;
/// The reader is in the pipe, and what it reads there is the last that it waits for.
const LEAVING: u8 = 4;
/// The same, and a byte was written to wake it.
const WOKEN: u8 = 5;

/// The first buffer: most commands say little, and a page costs nothing to make.
const SMALL: usize = 4096;
/// The buffer once a read has filled the small one: all that a pipe holds by default.
const LARGE: usize = 65_536;

/// More than any pipe holds (`/proc/sys/fs/pipe-max-size`): what is read beyond it after the pipe
/// was closed has been written since.
const PIPE_MAX: u64 = 1 << 20;

/// Linux, on x86, Arm, RISC-V and s390.
const O_NONBLOCK: i32 = 0o4000;

/// The reading end of a pipe, and where its reader is.
#[derive(Debug)]
pub(super) struct Outlet {
    pipe: PipeReader,
    place: AtomicU8,
}

/// What a reader has handed on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pumped {
    /// How many bytes the sink has taken.
    pub(super) taken: u64,
    /// The pipe was closed while a process still held it.
    pub(super) cut: bool,
}

impl Outlet {
    pub(super) const fn new(pipe: PipeReader) -> Self {
        Self {
            pipe,
            place: AtomicU8::new(IN_SINK),
        }
    }

    /// Hands on what comes until the pipe ends or is closed.
    ///
    /// When the sink fails, `stop` ends the command, and what still comes is read and dropped: a process
    /// that clears up after TERM must not hang on its output.
    pub(super) fn pump<S: Sink>(&self, stream: Stream, sink: &S, stop: &dyn Fn(Stopped)) -> Pumped {
        let _guard = EndOnDrop { outlet: self, stop };
        let mut buffer = vec![0; SMALL];
        let mut wanted = true;
        let mut taken = 0;
        let mut hand_on = |bytes: &[u8]| {
            if wanted {
                match sink.chunk(stream, bytes) {
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
                None => break !self.read_rest(&mut buffer, hand_on),
            };
            hand_on(&buffer[..length]);
            if length == SMALL {
                buffer = vec![0; LARGE];
            }
        };
        Pumped { taken, cut }
    }

    fn moved(&self, from: u8, to: u8) -> bool {
        self.place
            .compare_exchange(from, to, SeqCst, SeqCst)
            .is_ok()
    }

    /// Waits for output; 0 bytes at its end, `None` where the pipe was closed.
    fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        if !self.moved(IN_SINK, IN_PIPE) {
            return None;
        }
        let length = retry(|| (&self.pipe).read(buffer)).unwrap_or(0);
        if self.moved(IN_PIPE, IN_SINK) || self.place.swap(CLOSED, SeqCst) == LEAVING {
            return Some(length);
        }
        // The byte that woke it comes after what the command has written.
        match buffer[..length].strip_suffix(&[0]) {
            Some([]) => None,
            Some(output) => Some(output.len()),
            None => Some(length),
        }
    }

    /// Hands on what is in the pipe without waiting for more. Whether the pipe has ended.
    fn read_rest(&self, buffer: &mut [u8], mut hand_on: impl FnMut(&[u8])) -> bool {
        let Ok(pipe) = open_end(&self.pipe, OpenOptions::new().read(true)) else {
            return false;
        };
        let mut rest = pipe.take(PIPE_MAX);
        loop {
            match rest.read(buffer) {
                Ok(0) => return rest.limit() > 0,
                Ok(length) => hand_on(&buffer[..length]),
                Err(_) => return false,
            }
        }
    }

    /// Whether the reader waits for the command, not for the client; `None` where it has returned.
    pub(super) fn waits_for_command(&self) -> Option<bool> {
        match self.place.load(SeqCst) {
            IN_PIPE | LEAVING | WOKEN => Some(true),
            ENDED => None,
            _ => Some(false),
        }
    }

    /// Makes the reader return once it has handed on what is in the pipe, also where a process still
    /// holds the other end. Never waits.
    ///
    /// It is called at each tick: a reader that still waits at the second call waits at an empty pipe,
    /// so that the byte that wakes it comes alone.
    pub(super) fn close(&self) {
        if self.moved(LEAVING, WOKEN) {
            // Where that fails, the reader waits for the next byte.
            let _ = open_end(&self.pipe, OpenOptions::new().write(true))
                .and_then(|mut writer| writer.write(&[0]));
        } else if !self.moved(IN_PIPE, LEAVING) {
            self.moved(IN_SINK, CLOSED);
        }
    }
}

/// One end of the pipe again, by a descriptor that never waits. std can neither poll a pipe nor close
/// it under a reader, but Linux lets a process open its own pipe.
fn open_end(pipe: &impl AsRawFd, options: &mut OpenOptions) -> io::Result<File> {
    options
        .custom_flags(O_NONBLOCK)
        .open(format!("/proc/self/fd/{}", pipe.as_raw_fd()))
}

/// Ends the command when the sink panics: its output would not be read any more.
struct EndOnDrop<'a> {
    outlet: &'a Outlet,
    stop: &'a dyn Fn(Stopped),
}

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.outlet.place.store(ENDED, SeqCst);
        if thread::panicking() {
            (self.stop)(Stopped::Cancelled);
        }
    }
}
