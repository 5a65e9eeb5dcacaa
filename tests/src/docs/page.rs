//! Reads Markdown: headings, fences, tables, links, and the comments above them.
//!
//! It reads the Markdown that our pages use, and reports in `Page::odd` what it cannot read.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::artifacts::workspace;

/// One Markdown file.
#[derive(Debug, Default)]
pub struct Page {
    /// Its path from the top of the workspace.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
    /// Its headings.
    pub headings: Vec<Heading>,
    /// Its fenced blocks.
    pub fences: Vec<Fence>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Its links and pictures.
    pub links: Vec<Link>,
    /// The error for a part that this parser cannot read.
    pub odd: Vec<String>,
}

/// A heading: `## Text`.
#[derive(Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its line.
    pub line: usize,
    /// The number of `#`.
    pub level: usize,
    /// Its text, as Markdown.
    pub text: String,
}

/// A block between lines of three backticks.
#[derive(Debug, PartialEq, Eq)]
pub struct Fence {
    /// The line of its first backticks.
    pub line: usize,
    /// The text after those backticks.
    pub language: String,
    /// The comment on the line above, without its marks.
    pub comment: Option<String>,
    /// Its content; each line ends with a line end.
    pub text: String,
}

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The line of its header.
    pub line: usize,
    /// The comment on the line above, without its marks.
    pub comment: Option<String>,
    /// The cells of each row, beginning with the header and without the line of dashes.
    pub rows: Vec<Vec<String>>,
}

/// A link or a picture: `[text](target)`.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// Its line.
    pub line: usize,
    /// Its target.
    pub target: String,
}

impl Page {
    /// Reads a page of the workspace.
    pub fn open(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(workspace().join(path))?;
        Ok(Self::parse(path, &text))
    }

    /// Reads a text as if it were in the file `path`.
    pub fn parse(path: &Path, text: &str) -> Self {
        let mut page = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            ..Self::default()
        };
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while at < lines.len() {
            at = page.block(&lines, at, None);
        }
        page
    }

    /// The file's name: `02-tcp-pair.md`.
    pub fn name(&self) -> &str {
        let name = self.path.file_name();
        name.and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The page's text with new texts for some of its fences, given in order.
    pub fn with_texts(&self, texts: &[(&Fence, String)]) -> String {
        let mut lines: Vec<&str> = self.text.lines().collect();
        for (fence, text) in texts.iter().rev() {
            // `fence.line` counts from 1, so it is the index of the first line within.
            let within = fence.line..fence.line + fence.text.lines().count();
            lines.splice(within, text.lines());
        }
        lines.join("\n") + "\n"
    }

    /// A finding in the form `PAGE:LINE: WHAT`, which editors can jump to.
    pub fn finding(&self, line: usize, what: impl Display) -> String {
        format!("{}:{line}: {what}", self.path.display())
    }

    /// Reads the block that begins at `lines[at]`, below `comment`, and returns where the next one
    /// begins.
    fn block(&mut self, lines: &[&str], at: usize, comment: Option<String>) -> usize {
        let line = lines[at];
        if let Some(text) = line.strip_prefix("<!--") {
            if let Some(text) = text.strip_suffix("-->") {
                let below = lines.get(at + 1).copied().unwrap_or_default();
                if below.starts_with("```") || below.starts_with('|') {
                    return self.block(lines, at + 1, Some(text.trim().to_owned()));
                }
            }
            self.odd(
                at,
                "a comment with no block below it; put it directly above",
            );
            return at + 1;
        }
        if line.starts_with("```") {
            return self.fence(lines, at, comment);
        }
        let is_dashes = |row: &&str| row.starts_with("|-") || row.starts_with("|:");
        if line.starts_with('|') && lines.get(at + 1).is_some_and(is_dashes) {
            return self.table(lines, at, comment);
        }
        let level = line.len() - line.trim_start_matches('#').len();
        if (1..=6).contains(&level) && line[level..].starts_with(' ') {
            self.headings.push(Heading {
                line: at + 1,
                level,
                text: line[level..].trim().to_owned(),
            });
        }
        let inner = line.trim_start_matches([' ', '\t', '>', '-', '*']);
        if inner.starts_with("```") || inner.starts_with("~~~") {
            self.odd(at, "a fence that is not at the start of its line");
        }
        self.links_of(at, line);
        if is_emphasis_lost(line) {
            self.odd(
                at,
                "** between a letter and punctuation shows as stars; put a space or a line end",
            );
        }
        at + 1
    }

    fn fence(&mut self, lines: &[&str], at: usize, comment: Option<String>) -> usize {
        let language = lines[at].trim_start_matches('`').trim().to_owned();
        let marks = &lines[at][..lines[at].len() - lines[at].trim_start_matches('`').len()];
        let inside = &lines[at + 1..];
        let length = inside.iter().position(|line| line.trim_end() == marks);
        if length.is_none() {
            self.odd(at, "a fence that nothing closes");
        }
        let length = length.unwrap_or(inside.len());
        let text = inside[..length].iter().map(|line| format!("{line}\n"));
        self.fences.push(Fence {
            line: at + 1,
            language,
            comment,
            text: text.collect(),
        });
        at + length + 2
    }

    fn table(&mut self, lines: &[&str], at: usize, comment: Option<String>) -> usize {
        let length = lines[at..]
            .iter()
            .take_while(|l| l.starts_with('|'))
            .count();
        let rows = lines[at..at + length].iter().enumerate();
        for (number, row) in rows.clone() {
            self.links_of(at + number, row);
        }
        let rows = rows.filter(|(number, _)| *number != 1);
        self.tables.push(Table {
            line: at + 1,
            comment,
            rows: rows.map(|(_, row)| cells(row)).collect(),
        });
        at + length
    }

    fn links_of(&mut self, at: usize, line: &str) {
        let prose = without_code(line);
        for rest in prose.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default().to_owned();
            let line = at + 1;
            self.links.push(Link { line, target });
        }
        if prose.starts_with('[') && prose.contains("]: ") {
            self.odd(at, "a link by reference; write [text](target)");
        }
        let is_tag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        if prose.split('<').skip(1).any(is_tag) {
            self.odd(at, "HTML or a bare address; write [text](target) or `code`");
        }
    }

    fn odd(&mut self, at: usize, what: &str) {
        let finding = self.finding(at + 1, what);
        self.odd.push(finding);
    }
}

/// The code spans of a text, without their backticks.
pub fn code_spans(text: &str) -> Vec<String> {
    spans(text)
        .filter(|span| span.0)
        .map(|span| span.1.trim().to_owned())
        .collect()
}

/// A text without its code spans.
pub fn without_code(text: &str) -> String {
    spans(text)
        .filter(|span| !span.0)
        .map(|span| span.1)
        .collect()
}

/// The pieces of a text, each with whether it is code: the text between two equal runs of
/// backticks.
fn spans(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(start) = rest.find('`') {
        let (prose, code) = rest.split_at(start);
        let marks = &code[..code.len() - code.trim_start_matches('`').len()];
        let Some((code, after)) = code[marks.len()..].split_once(marks) else {
            break;
        };
        found.extend([(false, prose), (true, code)]);
        rest = after;
    }
    found.push((false, rest));
    found.into_iter()
}

/// Whether Markdown would show the `**` of a bold piece as stars. `**` must have a letter inside;
/// if it has punctuation there, the character outside must not be a letter. In English that is a
/// space, but Chinese has none: `**冒号：**字`.
fn is_emphasis_lost(line: &str) -> bool {
    let prose: String = spans(line)
        .map(|(is_code, text)| if is_code { "`" } else { text })
        .collect();
    let pieces: Vec<&str> = prose.split("**").collect();
    pieces.windows(2).enumerate().any(|(number, sides)| {
        let (before, after) = (sides[0].chars().next_back(), sides[1].chars().next());
        let (inside, outside) = match number % 2 {
            0 => (after, before),
            _ => (before, after),
        };
        let is_mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
        inside.is_some_and(is_mark) && outside.is_some_and(char::is_alphanumeric)
    })
}

/// The cells of `| a | b |`; `\|` is a bar within a cell.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').replace("\\|", "\u{0}");
    let row = row.strip_suffix('|').unwrap_or(&row);
    row.split('|')
        .map(|cell| cell.replace('\u{0}', "|").trim().to_owned())
        .collect()
}
