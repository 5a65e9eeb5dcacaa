//! Runs a tool: command line, work, exit status.

use std::env;
use std::panic;
use std::process::ExitCode;

use super::failure::Failure;
use super::output::Output;
use super::parse::{Asked, parse};
use super::stderr::{eprint, flush};
use super::tool::Tool;

/// Parses the command line, does the work, and returns the exit status. The options stay until the
/// process ends, so that every thread can use them.
///
/// 0 for `--help` and `--version`, 2 for a usage error, the tool's own failure status for any other
/// [`Failure`], and otherwise what `work` returns.
///
/// ```no_run
/// use std::process::ExitCode;
/// use proto::cli::{Output, Tool, run};
///
/// const TOOL: Tool<bool> = Tool::new("greet", &[HELP], |loud, name, _| {
///     match name {
///         "--loud" => *loud = true,
///         _ => unreachable!("set does not know {name}"),
///     }
///     Ok(())
/// });
///
/// const HELP: &str = "\
/// greet: says hello
///
/// Usage: greet [OPTIONS]
///
/// Voice:
///   --loud                    in capitals
/// ";
///
/// fn main() -> ExitCode {
///     run(&TOOL, |loud| {
///         Output::stdout().write(if *loud { b"HELLO\n" } else { b"hello\n" })?;
///         Ok(ExitCode::SUCCESS)
///     })
/// }
/// ```
pub fn run<O: Default + 'static>(
    tool: &Tool<O>,
    work: impl FnOnce(&'static O) -> Result<ExitCode, Failure>,
) -> ExitCode {
    report_panics_in_one_line();
    let asked = match parse(tool, env::args_os().skip(1)) {
        Ok(asked) => asked,
        Err(error) => return refuse(tool, &error),
    };
    let done = match asked {
        Asked::Work(options) => work(Box::leak(Box::new(options))),
        Asked::Help => show(&tool.help()),
        Asked::Version => show(&format!("{} {}\n", tool.name, env!("CARGO_PKG_VERSION"))),
    };
    let status = match done {
        Ok(status) => status,
        Err(failure) if failure.is_output_closed() => ExitCode::SUCCESS,
        Err(failure) => {
            eprint(&format!("error: {failure}\n"));
            ExitCode::from(tool.failure_status)
        }
    };
    flush();
    status
}

fn refuse<O>(tool: &Tool<O>, error: &str) -> ExitCode {
    let (name, usage) = (tool.name, tool.usage());
    eprint(&format!("error: {error}; see {name} --help\n{usage}\n"));
    ExitCode::from(2)
}

fn show(text: &str) -> Result<ExitCode, Failure> {
    Output::stdout().write(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// A panic is a bug in this program: the user gets one line to report, not a backtrace.
fn report_panics_in_one_line() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let place = place.as_deref().unwrap_or("an unknown place");
        let text = info.payload_as_str().unwrap_or("no text");
        let text = text.replace('\n', " ");
        eprint(&format!(
            "error: internal error at {place} ({text}); this is a bug, please report it\n"
        ));
    }));
}
