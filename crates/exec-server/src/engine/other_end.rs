//! Waking a thread that is blocked in a pipe that somebody else holds open.
//!
//! A process that has left its group (`setsid`) is out of reach and may keep a command's pipes for
//! ever. std can neither poll a pipe nor close one under a reader, but Linux lets a process open
//! its own pipe again, by `/proc/self/fd`, and at the other end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The writing end of the pipe that `reader` reads.
pub(super) fn writer_of(reader: BorrowedFd<'_>) -> io::Result<File> {
    OpenOptions::new().write(true).open(path(reader))
}

/// The reading end of the pipe that `writer` writes.
pub(super) fn reader_of(writer: BorrowedFd<'_>) -> io::Result<File> {
    File::open(path(writer))
}

fn path(end: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", end.as_raw_fd())
}
