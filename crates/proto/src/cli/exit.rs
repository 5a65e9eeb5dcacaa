//! How a tool begins and ends.

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic;
use std::process::ExitCode;

use super::flags::Tool;
use super::help::{help, usage};
use super::output::Output;
use super::parse::{Asked, parse};
use crate::net::{BindError, ConnectError, ResolveError};
use crate::{reason, start_reason};

/// Why a tool ends without having done its work. Its text becomes one line on stderr.
#[derive(Debug)]
pub struct Failure {
    /// None: the reader of our output has left, and there is nothing to say nor anyone to blame.
    text: Option<String>,
    /// Whether it is the command line that cannot be followed.
    usage: bool,
}

impl Failure {
    /// A failure with a text of the form `WHAT (WHY); HINT`, or an error that has one.
    ///
    /// ```
    /// use proto::cli::Failure;
    /// use proto::token::Token;
    ///
    /// let failure = Token::read("/no/such/token".as_ref()).map_err(Failure::new).unwrap_err();
    /// assert!(failure.to_string().starts_with("there is no token file /no/such/token;"));
    /// ```
    pub fn new(text: impl fmt::Display) -> Self {
        Self {
            text: Some(text.to_string()),
            usage: false,
        }
    }

    /// Flags that do not go together. It ends the tool as every other usage error does.
    pub fn usage(text: impl fmt::Display) -> Self {
        Self {
            usage: true,
            ..Self::new(text)
        }
    }

    /// A failed operation: `WHAT (why)`.
    pub fn io(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", reason(why)))
    }

    /// A thread that was not started: `WHAT (why)`.
    pub fn start(what: &str, why: &io::Error) -> Self {
        Self::new(format!("{what} ({})", start_reason(why)))
    }

    /// Whoever read our output has closed it. The tool ends quietly, with status 0.
    pub(super) fn quiet() -> Self {
        Self {
            text: None,
            usage: false,
        }
    }

    /// Whether it is no more than that: for a tool whose status says more than that it ended well.
    pub fn reader_left(&self) -> bool {
        self.text.is_none()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.as_deref().unwrap_or_default())
    }
}

impl Error for Failure {}

macro_rules! failure_from {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error)
            }
        }
    )*};
}
failure_from!(BindError, ConnectError, ResolveError);

/// Runs a tool: parses its command line, does the work, and gives the exit status.
///
/// 0 for `--help` and `--version`, 2 for a usage error, the tool's own failure status for any other
/// [`Failure`], and otherwise whatever `work` gives.
///
/// ```no_run
/// use std::process::ExitCode;
/// use proto::cli::{Flag, Group, Output, Tool, run};
///
/// const TOOL: Tool<bool> = Tool {
///     name: "greet",
///     about: "says hello",
///     operands: &[],
///     groups: &[Group {
///         title: "Voice",
///         flags: &[Flag::switch("loud", "in capitals", |loud: &mut bool| *loud = true)],
///     }],
///     examples: &[],
///     failure_status: 1,
/// };
///
/// fn main() -> ExitCode {
///     run(&TOOL, |loud| {
///         Output::stdout().write(if loud { b"HELLO\n" } else { b"hello\n" })?;
///         Ok(ExitCode::SUCCESS)
///     })
/// }
/// ```
pub fn run<O: Default>(
    tool: &Tool<O>,
    work: impl FnOnce(O) -> Result<ExitCode, Failure>,
) -> ExitCode {
    say_panics_in_a_line();
    let asked = match parse(tool, env::args_os().skip(1)) {
        Ok(asked) => asked,
        Err(error) => return refuse(tool, &error.to_string()),
    };
    let done = match asked {
        Asked::Work(options) => work(options),
        Asked::Help => show(&help(tool)),
        Asked::Version => show(&format!("{} {}\n", tool.name, env!("CARGO_PKG_VERSION"))),
    };
    match done {
        Ok(status) => status,
        Err(Failure { text: None, .. }) => ExitCode::SUCCESS,
        Err(Failure {
            text: Some(text),
            usage: true,
        }) => refuse(tool, &text),
        Err(Failure {
            text: Some(text), ..
        }) => {
            eprint(&format!("error: {text}\n"));
            ExitCode::from(tool.failure_status)
        }
    }
}

fn refuse<O>(tool: &Tool<O>, error: &str) -> ExitCode {
    let (name, usage) = (tool.name, usage(tool));
    eprint(&format!("error: {error}; see {name} --help\n{usage}\n"));
    ExitCode::from(2)
}

fn show(text: &str) -> Result<ExitCode, Failure> {
    Output::stdout().write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// `eprint!` would panic where stderr is closed or full.
pub(super) fn eprint(text: &str) {
    use std::io::Write;
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A panic is a bug of ours; whoever meets it gets a line to report, not a backtrace.
fn say_panics_in_a_line() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let place = place.as_deref().unwrap_or("an unknown place");
        let words = info.payload_as_str().unwrap_or("no words");
        let words = words.replace('\n', " ");
        eprint(&format!(
            "error: internal error at {place} ({words}); this is a bug, please report it\n"
        ));
    }));
}
