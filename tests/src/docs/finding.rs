//! Something that is wrong, with its page and line.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The page, from the top of the workspace.
    pub page: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what would mend it.
    pub what: String,
}

impl Finding {
    /// A finding on one line of a page.
    pub fn new(page: &Path, line: usize, what: impl Into<String>) -> Self {
        Self {
            page: page.to_owned(),
            line,
            what: what.into(),
        }
    }
}

/// `PAGE:LINE: WHAT`, which editors and terminals know as a place to go to.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.page.display(), self.line, self.what)
    }
}

/// Fails the test, with all findings, if there is one.
///
/// # Panics
///
/// If there is one.
#[track_caller]
pub fn assert_none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
