//! Standard input, as bytes or as lines with a prompt.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, IsTerminal, Read, StdinLock};
use std::thread;
use std::time::Duration;

use super::failure::Failure;
use super::output::set_line_open;
use super::stderr::eprint;
use crate::retry;
use crate::sys::stdin_without_waiting;

/// The longest line that is accepted, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// How often a non-blocking stdin is polled.
const LOOK: Duration = Duration::from_millis(10);
/// How often a terminal is looked at for its end, or a background job for its foreground.
const LOOK_AT_TERMINAL: Duration = Duration::from_millis(300);
/// Larger than std's buffer, so that reads bypass that one.
const BUFFER: usize = 64 * 1024;

/// Standard input as bytes. Reads larger than std's buffer bypass it.
fn stdin() -> Waiting {
    Waiting(io::stdin().lock())
}

/// Passes stdin to `send` in pieces of at most `size` bytes, until it ends or `send` fails. The
/// last piece is empty.
///
/// # Errors
///
/// If stdin cannot be read. If `send` fails, the thread that reads from the connection has the
/// error.
pub fn forward_stdin(
    size: usize,
    mut send: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Failure> {
    let (mut stdin, mut buffer) = (stdin(), vec![0; size]);
    loop {
        let count = retry(|| stdin.read(&mut buffer))
            .map_err(|error| Failure::io("cannot read standard input", &error))?;
        if send(&buffer[..count]).is_err() || count == 0 {
            return Ok(());
        }
    }
}

/// Waits until stdin ends. The kernel stops a background job that reads its terminal (SIGTTIN), so
/// a terminal is read only in its foreground, and without waiting for input: Ctrl-Z and `bg` may
/// follow.
pub fn wait_for_end_of_stdin() {
    let terminal = io::stdin().is_terminal().then(stdin_without_waiting);
    let Some(Ok(mut terminal)) = terminal else {
        // An error counts as the end of stdin.
        let _ = io::copy(&mut stdin(), &mut io::sink());
        return;
    };
    loop {
        if !is_background_job() {
            match terminal.read(&mut [0; 1024]) {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
        thread::sleep(LOOK_AT_TERMINAL);
    }
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
    /// Locks stdin. The prompt goes to stderr, because stdout is for data.
    pub fn with_prompt(prompt: &'static str) -> Self {
        Self {
            stdin: BufReader::with_capacity(BUFFER, stdin()),
            prompt: Self::are_typed().then_some(prompt),
        }
    }

    /// Whether a prompt would be shown: stdin and stderr are terminals.
    pub fn are_typed() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
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
            set_line_open(true);
        }
        line.clear();
        (&mut self.stdin)
            .take(LONGEST_LINE)
            .read_until(b'\n', line)
            .map_err(|error| Failure::io("cannot read standard input", &error))?;
        set_line_open(false);
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
        if line.pop_if(|byte| *byte == b'\n').is_some() {
            line.pop_if(|byte| *byte == b'\r');
        }
        Ok(true)
    }
}

/// Whether this process is a background job of a terminal, by proc(5).
fn is_background_job() -> bool {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: state, parent, group, session, terminal, its foreground group.
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = fields.split(' ').collect();
    match (fields.get(2), fields.get(5)) {
        (Some(own), Some(foreground)) => foreground != own && !foreground.starts_with('-'),
        _ => false,
    }
}
