//! Checks listings, which show a file or a part of one.

use std::fs;

use crate::artifacts::workspace;
use crate::docs::page::{Fence, Page};

/// What a fence shows, from the comment above it.
#[derive(Debug, PartialEq, Eq)]
struct Listing<'a> {
    path: &'a str,
    /// Texts in the first and the last line of the part. Without the second, it ends with the file.
    part: Option<(&'a str, Option<&'a str>)>,
}

/// Whether a fence claims to show a file.
pub fn is_listing(fence: &Fence) -> bool {
    let comment = fence.comment.as_deref().unwrap_or_default();
    comment.starts_with("listing:")
}

/// Finds the listings of a page that differ from their files.
pub fn check(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for fence in page.fences.iter().filter(|fence| is_listing(fence)) {
        let problem = match current(fence) {
            Err(why) => why,
            Ok(text) if text != fence.text => {
                let difference = first_difference(&fence.text, &text);
                format!("{difference}; UPDATE_DOCS=1 cargo test -p cross-process docs fixes it")
            }
            Ok(_) => continue,
        };
        findings.push(page.finding(fence.line, problem));
    }
    findings
}

/// The page's text with every listing copied from its file.
pub fn updated(page: &Page) -> Result<String, String> {
    let mut texts = Vec::new();
    for fence in page.fences.iter().filter(|fence| is_listing(fence)) {
        let text = current(fence).map_err(|why| page.finding(fence.line, why))?;
        texts.push((fence, text));
    }
    Ok(page.with_texts(&texts))
}

/// The text that the fence should have.
fn current(fence: &Fence) -> Result<String, String> {
    let comment = fence.comment.as_deref().unwrap_or_default();
    let listing =
        parse(comment).ok_or("not PATH, PATH from \"TEXT\", nor PATH from \"TEXT\" to \"TEXT\"")?;
    let text = fs::read_to_string(workspace().join(listing.path))
        .map_err(|why| format!("{} cannot be read: {why}", listing.path))?;
    let Some((from, to)) = listing.part else {
        return Ok(text);
    };
    let lines: Vec<&str> = text.lines().collect();
    let find = |text: &str, start: usize| {
        let found = lines[start..].iter().position(|line| line.contains(text));
        let missing = || format!("{} has no such line: {text}", listing.path);
        found.map(|at| start + at).ok_or_else(missing)
    };
    let first = find(from, 0)?;
    let last = match to {
        Some(to) => find(to, first)?,
        None => lines.len() - 1,
    };
    // A doc comment at the end belongs to the next item.
    let mut lines = &lines[first..=last];
    while let [rest @ .., end] = lines
        && (end.starts_with("///") || end.is_empty())
    {
        lines = rest;
    }
    Ok(lines.join("\n") + "\n")
}

fn parse(comment: &str) -> Option<Listing<'_>> {
    let listing = comment.strip_prefix("listing:")?.trim();
    let Some((path, part)) = listing.split_once(" from \"") else {
        let is_path = !listing.is_empty() && !listing.contains(' ');
        return is_path.then_some(Listing {
            path: listing,
            part: None,
        });
    };
    let part = part.strip_suffix('"')?;
    let part = match part.split_once("\" to \"") {
        Some((from, to)) => (from, Some(to)),
        None => (part, None),
    };
    Some(Listing {
        path,
        part: Some(part),
    })
}

fn first_difference(shown: &str, file: &str) -> String {
    let (mut shown, mut file) = (shown.lines(), file.lines());
    loop {
        match (shown.next(), file.next()) {
            (Some(here), Some(there)) if here == there => {}
            (None, None) => return "the page and the file differ in a line end".to_owned(),
            (here, there) => {
                let (here, there) = (here.unwrap_or("(end)"), there.unwrap_or("(end)"));
                return format!("the page shows {here:?} where the file has {there:?}");
            }
        }
    }
}
