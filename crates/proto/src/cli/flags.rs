//! The table that describes a tool: parsing, help, error messages and tests all come from it.

use std::ffi::OsStr;

use crate::sys::HAS_UNIX_SOCKETS;

/// Stores a value in the options `O`, or says what is wrong with it.
pub type Set<O> = fn(&mut O, &OsStr) -> Result<(), String>;

/// What a flag does to the options `O`.
#[derive(Debug)]
pub enum Effect<O> {
    /// Turns a setting on: `--quiet`.
    Switch(fn(&mut O)),
    /// Takes a value: `--send TEXT`.
    Value {
        /// What the value is called in the help.
        name: &'static str,
        /// Stores the value.
        set: Set<O>,
    },
}

/// A tool's whole command line. The parser starts with `O::default()` and sets the default of every
/// flag.
#[derive(Debug)]
pub struct Tool<O: 'static> {
    /// The program's name.
    pub name: &'static str,
    /// What the tool does, in half a line.
    pub about: &'static str,
    /// Positional arguments, in order.
    pub operands: &'static [Operand<O>],
    /// The flags, grouped as the help shows them. `--help` and `--version` are added automatically.
    pub groups: &'static [Group<O>],
    /// Examples at the end of the help.
    pub examples: &'static [Example],
    /// The exit status for every failure that is not a usage error (those are 2).
    pub failure_status: u8,
}

impl<O> Tool<O> {
    /// All flags, in the order of the help.
    pub fn flags(&self) -> impl Iterator<Item = &'static Flag<O>> {
        self.groups.iter().flat_map(|group| group.flags)
    }

    /// The examples that work on this system.
    pub(super) fn working_examples(&self) -> impl Iterator<Item = &'static Example> {
        let works = |line: &str| HAS_UNIX_SOCKETS || !line.contains("unix:");
        self.examples.iter().filter(move |e| works(e.line))
    }
}

/// Flags that belong together.
#[derive(Debug)]
pub struct Group<O: 'static> {
    /// The heading.
    pub title: &'static str,
    /// The flags, in the order of the help.
    pub flags: &'static [Flag<O>],
}

/// An example for the help; a test parses each.
#[derive(Debug)]
pub struct Example {
    /// The command line as a user types it.
    pub line: &'static str,
    /// What it does.
    pub what: &'static str,
}

/// A positional argument.
#[derive(Debug)]
pub struct Operand<O> {
    /// The name in the help, in capitals.
    pub name: &'static str,
    /// The value if the user gives none.
    pub default: Option<&'static str>,
    /// Whether the operand takes all remaining words, flags included. Only the last operand may do
    /// so.
    pub rest: bool,
    /// The help text.
    pub help: &'static str,
    /// Stores the value.
    pub set: Set<O>,
}

/// One flag.
#[derive(Debug)]
pub struct Flag<O> {
    /// The name without the two dashes.
    pub name: &'static str,
    /// The one-letter form, without its dash.
    pub short: Option<char>,
    /// What it does.
    pub effect: Effect<O>,
    /// The value if the user does not give the flag.
    pub default: Option<&'static str>,
    /// Whether the flag may be given more than once.
    pub repeats: bool,
    /// The help text.
    pub help: &'static str,
}

impl<O> Flag<O> {
    /// A flag without a value.
    ///
    /// ```
    /// use proto::cli::Flag;
    ///
    /// let flag = Flag::switch("quiet", "only errors", |quiet: &mut bool| *quiet = true).short('q');
    /// assert_eq!((flag.name, flag.short), ("quiet", Some('q')));
    /// ```
    pub const fn switch(name: &'static str, help: &'static str, set: fn(&mut O)) -> Self {
        Self::new(name, help, Effect::Switch(set))
    }

    /// A flag with a value, which the help calls `value`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use proto::cli::{self, Flag};
    ///
    /// let flag = Flag::value("timeout", "TIME", "how long it may take", |timeout: &mut Duration, v| {
    ///     cli::duration(v).map(|time| *timeout = time)
    /// });
    /// assert_eq!(flag.default("5s").default, Some("5s"));
    /// ```
    pub const fn value(
        name: &'static str,
        value: &'static str,
        help: &'static str,
        set: Set<O>,
    ) -> Self {
        Self::new(name, help, Effect::Value { name: value, set })
    }

    const fn new(name: &'static str, help: &'static str, effect: Effect<O>) -> Self {
        Self {
            name,
            short: None,
            effect,
            default: None,
            repeats: false,
            help,
        }
    }

    /// Adds a default.
    #[must_use]
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// Adds a one-letter form.
    #[must_use]
    pub const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// Lets the flag be given more than once.
    #[must_use]
    pub const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }
}
