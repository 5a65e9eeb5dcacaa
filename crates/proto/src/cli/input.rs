//! Standard input, as bytes or as lines with a prompt.

use std::io::{self, BufRead, BufReader, ErrorKind, IsTerminal, Read, StdinLock};
use std::thread;
use std::time::Duration;

use super::failure::Failure;
use super::stderr::eprint;

/// The longest line that is accepted, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// How often a non-blocking stdin is polled.
const LOOK: Duration = Duration::from_millis(10);
/// Larger than std's buffer, so that reads bypass that one.
const BUFFER: usize = 64 * 1024;

/// Standard input as bytes. Reads larger than std's buffer bypass it.
pub fn stdin() -> impl Read {
    Waiting(io::stdin().lock())
}

/// Whether stdin is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Waits even if stdin is non-blocking: another process on the same terminal may have made it so.
#[derive(Debug)]
struct Waiting(StdinLock<'static>);

impl Read for Waiting {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOK),
                result => return result,
            }
        }
    }
}

/// The lines of stdin. On a terminal a prompt is shown before each, as Python's `input` does.
///
/// ```no_run
/// use proto::cli::Lines;
///
/// let mut lines = Lines::with_prompt(">>: ");
/// let mut line = Vec::new();
/// while lines.next(&mut line)? {
///     assert!(!line.ends_with(b"\n"));
/// }
/// # Ok::<(), proto::cli::Failure>(())
/// ```
#[derive(Debug)]
pub struct Lines {
    stdin: BufReader<Waiting>,
    prompt: Option<&'static str>,
}

impl Lines {
    /// Takes stdin for itself. The prompt goes to stderr: stdout is for data.
    pub fn with_prompt(prompt: &'static str) -> Self {
        let stdin = io::stdin().lock();
        let asks = Self::are_typed();
        Self {
            prompt: asks.then_some(prompt),
            stdin: BufReader::with_capacity(BUFFER, Waiting(stdin)),
        }
    }

    /// Whether a prompt would be shown: stdin and stderr are terminals.
    pub fn are_typed() -> bool {
        stdin_is_terminal() && io::stderr().is_terminal()
    }

    /// Whether a prompt is shown.
    pub fn has_prompt(&self) -> bool {
        self.prompt.is_some()
    }

    /// Whether the next line is in the buffer already, so that [`next`](Self::next) does not block.
    pub fn has_buffered_line(&self) -> bool {
        self.stdin.buffer().contains(&b'\n')
    }

    /// Reads the next line into `line`, without its `\n` or `\r\n`; false at the end.
    ///
    /// # Errors
    ///
    /// If stdin cannot be read, or a line is longer than 64 MiB.
    pub fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, Failure> {
        if let Some(prompt) = self.prompt {
            eprint(prompt);
        }
        line.clear();
        (&mut self.stdin)
            .take(LONGEST_LINE)
            .read_until(b'\n', line)
            .map_err(|error| Failure::io("cannot read standard input", &error))?;
        if line.is_empty() {
            if self.prompt.is_some() {
                // Ctrl-D leaves the cursor after the prompt.
                eprint("\n");
            }
            return Ok(false);
        }
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            return Err(Failure::new(
                "a line of standard input is longer than 64 MiB; send it in shorter ones",
            ));
        }
        if line.ends_with(b"\n") {
            line.pop();
            if line.ends_with(b"\r") {
                line.pop();
            }
        }
        Ok(true)
    }
}
