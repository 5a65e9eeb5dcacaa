//! A tool's command line: its help text, which the parser reads, and what each flag does.

use std::ffi::OsStr;

use super::entry::{Entry, entries};
use crate::sys::HAS_UNIX_SOCKETS;

const HELP: &str = "
Help:
  -h, --help                show this and exit
  -V, --version             show the version and exit
";

/// A tool's whole command line. [`run`](super::run) has an example.
///
/// Its flags, operands and defaults are those of its help text, in which
///
/// * two spaces begin an entry: `PLACE` is an operand, `--loud` a flag, `-c, --count N` a flag with
///   a one-letter form and a value;
/// * an explanation begins after 28 characters, on the next line if the entry's name is longer, and
///   may end with the default in brackets, or with `may be repeated`;
/// * the usage line, `Usage: tool [OPTIONS] [PLACE [WORD ...]]`, is in the first part; an operand
///   with `...` takes all remaining words, flags included;
/// * other lines are only shown.
///
/// [`debug_assert`](Self::debug_assert) checks all of this in a test.
#[derive(Debug)]
pub struct Tool<O: 'static> {
    /// The program's name.
    pub name: &'static str,
    /// The parts of the help text. The parser adds `--help` and `--version`.
    pub help: &'static [&'static str],
    /// Sets what an entry of the help text names. A flag without a value gets an empty one. The
    /// parser starts with `O::default()` and the defaults of the text. An unknown name is a panic,
    /// so that [`debug_assert`](Self::debug_assert) finds a flag that `set` does not handle.
    pub set: Set<O>,
    /// The end of the help text: a heading, and two lines for each example, of which the first
    /// begins with two spaces and the second with six.
    pub examples: &'static str,
    /// Refuses options that do not go together.
    pub check: Option<Check<O>>,
    /// The exit status for every failure that is not a usage error (those are 2).
    pub failure_status: u8,
}

/// Stores the value of the flag or operand with this name, or says what is wrong with the value.
pub type Set<O> = fn(&mut O, &str, &OsStr) -> Result<(), String>;

/// Gets the options and the names that the user gave, in the user's order, and says what is wrong.
pub type Check<O> = fn(&O, &[&str]) -> Result<(), String>;

impl<O> Tool<O> {
    /// A tool without examples and checks, whose failure status is 1.
    pub const fn new(name: &'static str, help: &'static [&'static str], set: Set<O>) -> Self {
        Self {
            name,
            help,
            set,
            examples: "",
            check: None,
            failure_status: 1,
        }
    }

    /// What `--help` shows.
    pub(super) fn help(&self) -> String {
        self.help.concat() + HELP + &self.examples()
    }

    /// The usage line.
    pub(super) fn usage(&self) -> &'static str {
        let mut lines = self.help[0].lines();
        lines.find(|l| l.starts_with("Usage: ")).unwrap_or_default()
    }

    /// The flags and operands, in the order of the help.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.help.iter().flat_map(|part| entries(part)).collect()
    }

    /// The examples that work on this system.
    pub(super) fn examples(&self) -> String {
        let mut works = true;
        let lines = self.examples.split_inclusive('\n').filter(|line| {
            if !line.starts_with("      ") {
                works = HAS_UNIX_SOCKETS || !line.contains("unix:");
            }
            works
        });
        lines.collect()
    }
}
