//! Makes the help text from the tool's table.

use std::fmt::Write;

use super::flags::{Effect, Flag, Tool};

/// The usual width of a terminal, in columns.
const WIDTH: usize = 80;
/// The column in which the texts begin. A longer flag has its text on the next line.
const COLUMN: usize = 28;

/// What `--help` shows.
pub(super) fn help<O>(tool: &Tool<O>) -> String {
    let mut text = format!("{}: {}\n\n{}\n", tool.name, tool.about, usage(tool));
    if !tool.operands.is_empty() {
        text.push('\n');
    }
    for operand in tool.operands {
        let mut what = operand.help.to_owned();
        if let Some(default) = operand.default {
            let _ = write!(what, " [{default}]");
        }
        entry(&mut text, operand.name, &what);
    }
    for group in tool.groups {
        let _ = writeln!(text, "\n{}:", group.title);
        for flag in group.flags {
            flag_entry(&mut text, flag);
        }
    }
    text.push_str("\nHelp:\n");
    entry(&mut text, "-h, --help", "show this and exit");
    entry(&mut text, "-V, --version", "show the version and exit");
    if !tool.examples.is_empty() {
        text.push_str("\nExamples:\n");
    }
    for example in tool.working_examples() {
        let _ = writeln!(text, "  {}\n      {}", example.line, example.what);
    }
    text
}

/// The usage line.
pub(super) fn usage<O>(tool: &Tool<O>) -> String {
    let mut line = format!("Usage: {} [OPTIONS]", tool.name);
    for operand in tool.operands {
        let dots = if operand.rest { " ..." } else { "" };
        let _ = write!(line, " [{}{dots}", operand.name);
    }
    line.push_str(&"]".repeat(tool.operands.len()));
    line
}

fn flag_entry<O>(text: &mut String, flag: &Flag<O>) {
    let mut name = match flag.short {
        Some(letter) => format!("-{letter}, --{}", flag.name),
        None => format!("--{}", flag.name),
    };
    if let Effect::Value { name: value, .. } = flag.effect {
        let _ = write!(name, " {value}");
    }
    let mut what = flag.help.to_owned();
    if flag.repeats {
        what.push_str("; may be repeated");
    }
    if let Some(default) = flag.default {
        let _ = write!(what, " [{default}]");
    }
    entry(text, &name, &what);
}

fn entry(text: &mut String, name: &str, what: &str) {
    let mut line = format!("  {name:<width$}", width = COLUMN - 2);
    if name.len() + 4 > COLUMN {
        let _ = writeln!(text, "  {name}");
        line = " ".repeat(COLUMN);
    }
    for word in what.split(' ') {
        if line.len() > COLUMN && line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(COLUMN);
        }
        if line.len() > COLUMN {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
