//! The table that describes a tool: parsing, help, error messages and tests all come from it.

use std::ffi::OsStr;

/// Stores a value in the options `O`, or says what is wrong with it.
pub type Set<O> = fn(&mut O, &OsStr) -> Result<(), String>;

/// What a flag does to the options `O`.
#[derive(Debug)]
pub enum Effect<O> {
    /// It stands alone: `--quiet`.
    Switch(fn(&mut O)),
    /// A value follows it: `--send TEXT`.
    Value {
        /// What the value is called in the help.
        name: &'static str,
        /// Where it goes.
        set: Set<O>,
    },
}

/// A tool's whole command line. `O` is what it is parsed into; it starts as `O::default()` with
/// every flag's default text set.
#[derive(Debug)]
pub struct Tool<O: 'static> {
    /// The program's name.
    pub name: &'static str,
    /// What it does, in half a line.
    pub about: &'static str,
    /// Words that are not flags, in their order.
    pub operands: &'static [Operand<O>],
    /// The flags, grouped as the help shows them. `--help` and `--version` are there by themselves.
    pub groups: &'static [Group<O>],
    /// Command lines to try.
    pub examples: &'static [Example],
    /// The exit status for every failure that is not a usage error (those are 2).
    pub failure_status: u8,
}

impl<O> Tool<O> {
    /// All flags, in the order of the help.
    pub fn flags(&self) -> impl Iterator<Item = &'static Flag<O>> {
        self.groups.iter().flat_map(|group| group.flags)
    }
}

/// Flags that belong together.
#[derive(Debug)]
pub struct Group<O: 'static> {
    /// The heading.
    pub title: &'static str,
    /// In the order of the help.
    pub flags: &'static [Flag<O>],
}

/// A command line to try; a test parses each.
#[derive(Debug)]
pub struct Example {
    /// As a user types it.
    pub line: &'static str,
    /// What it does.
    pub what: &'static str,
}

/// A word that is not a flag.
#[derive(Debug)]
pub struct Operand<O> {
    /// As the help shows it, in capitals.
    pub name: &'static str,
    /// What it is when it is not given.
    pub default: Option<&'static str>,
    /// Whether it takes every word from its place on, flags included. Only for the last.
    pub rest: bool,
    /// What it is for.
    pub help: &'static str,
    /// Where it goes.
    pub set: Set<O>,
}

/// One flag.
#[derive(Debug)]
pub struct Flag<O> {
    /// Without the two dashes.
    pub name: &'static str,
    /// The one-letter form, without its dash.
    pub short: Option<char>,
    /// What it does.
    pub effect: Effect<O>,
    /// The value that it has when it is not given.
    pub default: Option<&'static str>,
    /// Whether it may be given more than once.
    pub repeats: bool,
    /// What it is for.
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

    /// The same with a default.
    #[must_use]
    pub const fn default(self, text: &'static str) -> Self {
        Self {
            default: Some(text),
            ..self
        }
    }

    /// The same with a one-letter form.
    #[must_use]
    pub const fn short(self, letter: char) -> Self {
        Self {
            short: Some(letter),
            ..self
        }
    }

    /// The same, to be given as often as one likes.
    #[must_use]
    pub const fn repeats(self) -> Self {
        Self {
            repeats: true,
            ..self
        }
    }
}
