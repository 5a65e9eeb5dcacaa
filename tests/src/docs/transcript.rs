//! Reads console blocks as the steps of a user at a terminal.

use crate::docs::page::{Fence, Page};

/// The text after this prompt is typed into the running program.
pub const PROMPT: &str = ">>: ";

/// The terminal of a block whose prompt is a bare `$ `.
pub const ANY: &str = "any";

/// One console block.
#[derive(Debug, PartialEq, Eq)]
pub struct Scene {
    /// The line of its fence.
    pub line: usize,
    /// Its terminal.
    pub terminal: String,
    /// Its steps, each with its line in the page.
    pub steps: Vec<(usize, Step)>,
}

/// One line of a console block, or a command of several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `$ COMMAND` or `NAME$ COMMAND`, with the lines after it that begin with `> `.
    Command(String),
    /// `>>: TEXT`, typed into the running program.
    Typed(String),
    /// `^D`, alone or after the prompt: the end of the running program's input.
    EndOfInput,
    /// `^C`
    Interrupt,
    /// `...`: any lines, or none.
    Anything,
    /// A line that the running program prints; `…` in it is any text.
    Output(String),
}

/// The console blocks of a page that must be run.
pub fn scenes(page: &Page) -> Result<Vec<Scene>, String> {
    let is_run = |fence: &&Fence| {
        let comment = fence.comment.as_deref().unwrap_or_default();
        fence.language == "console" && !comment.starts_with("not run:")
    };
    let fences = page.fences.iter().filter(is_run);
    fences.map(|fence| scene(page, fence)).collect()
}

fn scene(page: &Page, fence: &Fence) -> Result<Scene, String> {
    let first = fence.text.lines().next().unwrap_or_default();
    let terminal = continued(first).or(prompt(first).map(|prompt| prompt.0));
    let terminal = terminal.unwrap_or(ANY);
    let mut steps: Vec<(usize, Step)> = Vec::new();
    for (number, text) in fence.text.lines().enumerate() {
        if number == 0 && continued(text).is_some() {
            continue;
        }
        let text = match prompt(text) {
            None => text,
            Some((name, command)) if name == terminal => command,
            Some(_) => {
                let what = "this prompt names another terminal than the block's first line";
                return Err(page.finding(fence.line + 1 + number, what));
            }
        };
        match (steps.last_mut(), text.strip_prefix("> ")) {
            (Some((_, Step::Command(command))), Some(rest)) => {
                command.push('\n');
                command.push_str(rest);
            }
            _ => steps.push((fence.line + 1 + number, step(text))),
        }
    }
    Ok(Scene {
        line: fence.line,
        terminal: terminal.to_owned(),
        steps,
    })
}

/// The terminal whose program a block that begins with `(NAME)` continues.
fn continued(text: &str) -> Option<&str> {
    let name = text.strip_prefix('(')?.strip_suffix(')')?;
    is_name(name).then_some(name)
}

/// The terminal that a prompt names, and the line from `$ ` on.
fn prompt(text: &str) -> Option<(&str, &str)> {
    let (name, _) = text.split_once("$ ")?;
    let command = &text[name.len()..];
    match name {
        "" => Some((ANY, command)),
        name => is_name(name).then_some((name, command)),
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}

fn step(text: &str) -> Step {
    if let Some(command) = text.strip_prefix("$ ") {
        return Step::Command(command.to_owned());
    }
    match text.strip_prefix(PROMPT).unwrap_or(text) {
        "^D" => return Step::EndOfInput,
        "^C" => return Step::Interrupt,
        _ => {}
    }
    match text.strip_prefix(PROMPT) {
        Some(typed) => Step::Typed(typed.to_owned()),
        // An editor may have removed the space at the end: only the Return key is typed.
        None if text == PROMPT.trim_end() => Step::Typed(String::new()),
        None if text == "..." => Step::Anything,
        None => Step::Output(text.to_owned()),
    }
}

/// Whether a line matches the page's: `…` matches any text, and spaces at the end, which editors
/// remove, do not count.
pub fn matches(pattern: &str, line: &str) -> bool {
    let mut rest = line.trim_end();
    let pieces: Vec<&str> = pattern.trim_end().split('…').collect();
    let Some((last, first)) = pieces.split_last() else {
        return false;
    };
    for (number, piece) in first.iter().enumerate() {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        if number == 0 && at > 0 {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    if first.is_empty() {
        return rest == *last;
    }
    rest.ends_with(last)
}
