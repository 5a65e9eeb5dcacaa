//! Standard output, for data; and standard error, where a remote command's is passed on.

use std::io::{self, ErrorKind, IsTerminal, StderrLock, StdoutLock, Write};

use super::failure::Failure;
use crate::sys::are_same_file;

/// Writes data to stdout or stderr. `println!` would panic where the reader has left.
///
/// ```
/// proto::cli::Output::stdout().write(b"HELLO\n")?;
/// # Ok::<(), proto::cli::Failure>(())
/// ```
#[derive(Debug)]
pub struct Output(Stream);

#[derive(Debug)]
enum Stream {
    Stdout(StdoutLock<'static>),
    Stderr(StderrLock<'static>),
}

impl Output {
    /// Takes stdout for itself; nobody else may hold it.
    pub fn stdout() -> Self {
        Self(Stream::Stdout(io::stdout().lock()))
    }

    /// Takes stderr for itself, as long as it lives.
    pub fn stderr() -> Self {
        Self(Stream::Stderr(io::stderr().lock()))
    }

    /// Whether it goes to a terminal.
    pub fn is_terminal(&self) -> bool {
        match &self.0 {
            Stream::Stdout(stdout) => stdout.is_terminal(),
            Stream::Stderr(stderr) => stderr.is_terminal(),
        }
    }

    /// Writes the bytes and sends them on their way.
    ///
    /// # Errors
    ///
    /// A [`Failure`] that says why; a quiet one where the reader has closed it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let (stream, name): (&mut dyn Write, _) = match &mut self.0 {
            Stream::Stdout(stdout) => (stdout, "cannot write to standard output"),
            Stream::Stderr(stderr) => (stderr, "cannot write to standard error"),
        };
        stream
            .write_all(bytes)
            .and_then(|()| stream.flush())
            .map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Failure::output_closed(),
                _ => Failure::io(name, &error),
            })
    }
}

/// Whether stderr goes where stdout goes, as with `2>&1`.
pub fn is_stderr_stdout() -> bool {
    are_same_file(&io::stdout(), &io::stderr())
}
