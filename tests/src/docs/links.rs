//! Checks links and anchors.

use std::path::{Component, Path, PathBuf};

use crate::artifacts::workspace;
use crate::docs::page::{Link, Page, without_code};

/// The sites that a page may link to. Their addresses have been stable for decades.
const OUTSIDE: &[&str] = &[
    "https://www.rfc-editor.org/",
    "https://doc.rust-lang.org/",
    "https://docs.python.org/",
    "https://peps.python.org/",
    "https://man7.org/",
];

/// Finds the broken links of a page.
pub fn check(page: &Page) -> Vec<String> {
    let found = |link: &Link| Some(page.finding(link.line, problem(page, &link.target)?));
    page.links.iter().filter_map(found).collect()
}

/// The anchor of each heading, as code hosts and mdBook make it: letters, digits, `-` and `_` stay,
/// spaces become `-`, and other characters are removed. A second heading with the same text gets
/// `-1`.
pub fn anchors(page: &Page) -> Vec<String> {
    let slugs: Vec<String> = page.headings.iter().map(|h| slug(&h.text)).collect();
    let before = |at: usize| {
        slugs[..at]
            .iter()
            .filter(|slug| **slug == slugs[at])
            .count()
    };
    let anchor = |at| match before(at) {
        0 => slugs[at].clone(),
        count => format!("{}-{count}", slugs[at]),
    };
    (0..slugs.len()).map(anchor).collect()
}

/// The file that a link of a page leads to, as a path from the top of the workspace.
pub fn file_of(page: &Page, target: &str) -> PathBuf {
    let file = target.split('#').next().unwrap_or_default();
    if file.is_empty() {
        return page.path.clone();
    }
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for part in folder.join(file).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

fn problem(page: &Page, target: &str) -> Option<String> {
    if target.contains("://") {
        let known = OUTSIDE.iter().any(|place| target.starts_with(place));
        return (!known).then(|| format!("{target} is not among the stable places: {OUTSIDE:?}"));
    }
    let file = file_of(page, target);
    if file != page.path && !workspace().join(&file).exists() {
        return Some(format!(
            "{target} leads to {}, which is not there",
            file.display()
        ));
    }
    // Files outside of docs are not in the book that mdBook makes.
    if page.path.starts_with("docs") && !file.starts_with("docs") {
        return Some(format!(
            "{target} leads out of the book; name the path as `code`"
        ));
    }
    let (_, anchor) = target.split_once('#')?;
    let there = match file == page.path {
        true => anchors(page),
        false => anchors(&Page::open(&file).ok()?),
    };
    let missing = !there.iter().any(|known| known == anchor);
    missing.then(|| format!("{} has no #{anchor}; it has {there:?}", file.display()))
}

fn slug(heading: &str) -> String {
    // The text of code stays without its backticks, and of a link only the text.
    let text = match without_code(heading).contains("](") {
        true => heading.split("](").next().unwrap_or_default(),
        false => heading,
    };
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    let kept = text.chars().filter(kept).flat_map(char::to_lowercase);
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
