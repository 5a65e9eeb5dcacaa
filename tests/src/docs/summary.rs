//! Checks the book's table of contents.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::docs::links::file_of;
use crate::docs::page::Page;

/// Finds pages that the table of contents does not list, or lists more than once.
pub fn check(summary: &Page, pages: &[PathBuf]) -> Vec<String> {
    let mut times: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for link in &summary.links {
        *times.entry(file_of(summary, &link.target)).or_default() += 1;
    }
    let mut findings = Vec::new();
    for page in pages.iter().filter(|page| **page != summary.path) {
        let problem = match times.get(page) {
            Some(1) => continue,
            None => "is not listed here",
            Some(_) => "is listed here more than once",
        };
        findings.push(summary.finding(1, format!("{} {problem}", page.display())));
    }
    findings
}
