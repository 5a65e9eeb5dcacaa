//! Standard output: for data, never for words about it.

use std::io::{self, ErrorKind, StdoutLock, Write};

use super::exit::Failure;

/// Writes data to stdout. `println!` would panic where the reader has left.
#[derive(Debug)]
pub struct Output {
    stdout: StdoutLock<'static>,
}

impl Output {
    /// Takes stdout for itself; there can be only one at a time.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            stdout: io::stdout().lock(),
        }
    }

    /// Writes the bytes and sends them on their way.
    ///
    /// # Errors
    ///
    /// A [`Failure`] that says why; a quiet one where the reader has left.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout
            .write_all(bytes)
            .and_then(|()| self.stdout.flush())
            .map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Failure::quiet(),
                _ => Failure::io("cannot write to standard output", &error),
            })
    }
}
