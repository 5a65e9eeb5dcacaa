//! Writes data to standard output, and a remote command's standard error to standard error.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::failure::Failure;
use crate::sys::{CONSOLE_TAKES_BYTES, are_same_file, unbuffered};

/// How long to wait before a non-blocking output is tried again.
const LOOK: Duration = Duration::from_millis(5);

/// Whether the last output on a terminal ended in the middle of a line.
static LINE_IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Sets whether the terminal is in the middle of a line, and returns whether it was.
pub(super) fn set_line_open(is_open: bool) -> bool {
    LINE_IS_OPEN.swap(is_open, Ordering::Relaxed)
}

/// Writes data to stdout or stderr. `println!` would panic if the reader has closed it.
///
/// ```
/// proto::cli::Output::stdout().write(b"HELLO\n")?;
/// # Ok::<(), proto::cli::Failure>(())
/// ```
#[derive(Debug)]
pub struct Output {
    /// Without std's buffer, which may split one write into two.
    file: io::Result<File>,
    is_stderr: bool,
    is_terminal: bool,
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Self::new(unbuffered(&io::stdout()), false)
    }

    /// Standard error.
    pub fn stderr() -> Self {
        Self::new(unbuffered(&io::stderr()), true)
    }

    fn new(file: io::Result<File>, is_stderr: bool) -> Self {
        Self {
            is_terminal: file.as_ref().is_ok_and(File::is_terminal),
            file,
            is_stderr,
        }
    }

    /// Writes all bytes, unbuffered. It waits even if another process has made the output
    /// non-blocking.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with the reason; a quiet one if the reader has closed the output.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let name = match self.is_stderr {
            true => "standard error",
            false => "standard output",
        };
        let failed = |error: &io::Error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::output_closed(),
            _ => Failure::io(&format!("cannot write to {name}"), error),
        };
        if self.is_terminal
            && let Some(last) = bytes.last()
        {
            set_line_open(*last != b'\n');
        }
        if !CONSOLE_TAKES_BYTES && self.is_terminal {
            return self.show(bytes).map_err(|error| failed(&error));
        }
        let file = self.file.as_mut().map_err(|error| failed(error))?;
        write_waiting(file, bytes).map_err(|error| failed(&error))
    }

    /// Writes to a console that accepts text only.
    fn show(&self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        if self.is_stderr {
            return io::stderr().write_all(text.as_bytes());
        }
        io::stdout().write_all(text.as_bytes())?;
        io::stdout().flush()
    }
}

/// Writes all bytes. It waits even if another process has made the output non-blocking, for which
/// `write_all` gives up halfway.
pub(super) fn write_waiting(output: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOK),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether stdout and stderr are the same file, as with `2>&1`.
pub fn is_stderr_stdout() -> bool {
    are_same_file(&io::stdout(), &io::stderr())
}
