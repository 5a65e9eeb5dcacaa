//! One of a command's two outputs: a pipe that one thread reads, and that others can look at.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};

use super::other_end;

/// The thread is in the pipe, or about to be: it waits for the command.
const IN_PIPE: u8 = 0;
/// The thread is in the sink: it waits for the client.
const IN_SINK: u8 = 1;
/// The thread reads no more.
const ENDED: u8 = 2;

/// More than any pipe holds (`/proc/sys/fs/pipe-max-size` is 1 MiB): what comes beyond it after
/// the command has ended is not the command's.
const MORE_THAN_A_PIPE: u64 = 1 << 20;

/// The reading end of a pipe, and where its reader is.
#[derive(Debug)]
pub(super) struct Outlet {
    pipe: PipeReader,
    place: AtomicU8,
    abandoned: AtomicBool,
    read: AtomicU64,
}

impl Outlet {
    pub(super) const fn new(pipe: PipeReader) -> Self {
        Self {
            pipe,
            place: AtomicU8::new(IN_SINK),
            abandoned: AtomicBool::new(false),
            read: AtomicU64::new(0),
        }
    }

    /// Reads what there is, waiting for it. `None`: there is no more, or the pipe was abandoned.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Option<usize> {
        self.place.store(IN_PIPE, SeqCst);
        // After the store: whoever abandons the pipe sees this thread in it, or is seen here.
        let length = loop {
            if self.abandoned.load(SeqCst) {
                break 0;
            }
            match (&self.pipe).read(buffer) {
                Ok(length) => break length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break 0,
            }
        };
        if length == 0 || self.abandoned.load(SeqCst) {
            self.place.store(ENDED, SeqCst);
            return None;
        }
        self.read.fetch_add(length as u64, SeqCst);
        self.place.store(IN_SINK, SeqCst);
        Some(length)
    }

    /// Says that nobody will read any more, as after a panic.
    pub(super) fn leave(&self) {
        self.place.store(ENDED, SeqCst);
    }

    /// How many bytes have been read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(SeqCst)
    }

    /// Tells whether output is held up by a client that does not read: there may be output of the
    /// command, which had ended when `mark` bytes were read, that is still to be delivered.
    pub(super) fn waits_for_client(&self, mark: u64) -> bool {
        self.place.load(SeqCst) == IN_SINK && self.bytes_read() - mark <= MORE_THAN_A_PIPE
    }

    /// Makes the reader stop, also where nothing comes and the pipe does not end. What is in the
    /// pipe is lost.
    ///
    /// # Errors
    ///
    /// Fails where `/proc` cannot be used; the reader then stops at the next byte.
    pub(super) fn abandon(self: Arc<Self>) -> io::Result<()> {
        self.abandoned.store(true, SeqCst);
        if self.place.load(SeqCst) != IN_PIPE {
            return Ok(());
        }
        let mut writer = other_end::writer_of(self.pipe.as_fd())?;
        // The pipe may be full by now, but then the reader is on its way out, and once it has let
        // go of the pipe too, this write fails instead of waiting.
        drop(self);
        let _ = writer.write(&[0]);
        Ok(())
    }
}
