//! Standard input: lines with a prompt, or nothing but its end.

use std::io::{self, BufRead, IsTerminal, Read, StdinLock};

use super::failure::Failure;
use super::stderr::eprint;

/// The longest line that is taken.
const LONGEST_LINE: u64 = 64 << 20;

/// Standard input as bytes, without a buffer in between.
pub fn stdin() -> impl Read {
    // `Stdin` reads through a buffer; what is read here in large pieces passes it by.
    io::stdin().lock()
}

/// The lines of stdin. On a terminal each is asked for with a prompt, as Python's `input` does.
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
    stdin: StdinLock<'static>,
    prompt: Option<&'static str>,
}

impl Lines {
    /// Takes stdin for itself. The prompt goes to stderr: stdout is for data.
    pub fn with_prompt(prompt: &'static str) -> Self {
        let stdin = io::stdin().lock();
        let asks = stdin.is_terminal() && io::stderr().is_terminal();
        Self {
            prompt: asks.then_some(prompt),
            stdin,
        }
    }

    /// Whether a person is asked for the lines.
    pub fn has_prompt(&self) -> bool {
        self.prompt.is_some()
    }

    /// Reads the next line into `line`, without its `\n` or `\r\n`; false at the end.
    ///
    /// # Errors
    ///
    /// Where stdin cannot be read, or a line has more than 64 MiB.
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
                // Ctrl-D leaves the cursor behind the prompt.
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
