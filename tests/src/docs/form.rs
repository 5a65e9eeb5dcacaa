//! Nothing on a page escapes the checks, and a chapter has a chapter's sections.

use crate::docs::finding::Finding;
use crate::docs::listings::is_listing;
use crate::docs::page::{Fence, Page};
use crate::docs::pages;

/// The sections of a chapter, in their order: in English, and in Chinese.
pub const SECTIONS: &[(&str, &str)] = &[
    ("The idea", "想法"),
    ("Side by side", "对照着看"),
    ("What changed, and why", "变了什么，为什么"),
    ("Run it", "运行"),
    ("Break it", "弄坏它"),
    ("The tool that does it right", "做得对的工具"),
    ("Exercise", "练习"),
    ("Where to read on", "接着读"),
];

/// The most columns of a picture made of text: those of a line of code.
const WIDEST_PICTURE: usize = 100;

/// What a comment may begin with.
const COMMENTS: &[&str] = &["listing:", "terminal:", "lines:", "not run:", "wire:"];

/// Finds what the other checks would not see: fences in a language that nobody checks, comments
/// that nobody reads, and Markdown that the reader cannot read.
pub fn check(page: &Page) -> Vec<Finding> {
    let mut findings = page.odd.clone();
    for fence in &page.fences {
        if let Some(problem) = problem(page, fence) {
            findings.push(page.finding(fence.line, problem));
        }
    }
    let fences = page.fences.iter().map(|fence| (fence.line, &fence.comment));
    let tables = page.tables.iter().map(|table| (table.line, &table.comment));
    for (line, comment) in fences.chain(tables) {
        let Some(comment) = comment else { continue };
        if !COMMENTS.iter().any(|known| comment.starts_with(known)) {
            findings.push(page.finding(
                line,
                format!("{comment:?} begins with none of {COMMENTS:?}"),
            ));
        }
    }
    findings
}

fn problem(page: &Page, fence: &Fence) -> Option<String> {
    let comment = fence.comment.as_deref().unwrap_or_default();
    let is_chapter = pages::is_of_the_course(page);
    if comment.starts_with("not run:") && is_chapter {
        return Some("all of the course is run; \"not run\" is for other pages".to_owned());
    }
    let is_wide = |line: &str| line.chars().count() > WIDEST_PICTURE;
    if is_chapter && fence.language == "text" && fence.text.lines().any(is_wide) {
        return Some(format!("a picture of more than {WIDEST_PICTURE} columns"));
    }
    match (fence.language.as_str(), is_listing(fence)) {
        ("python" | "rust,ignore", true) => None,
        ("python" | "rust" | "console" | "text", false) => hidden_line(fence),
        (language, true) => Some(format!(
            "a listing is python or rust,ignore, not {language:?}"
        )),
        (language, false) => Some(format!(
            "{language:?} is checked by nothing; there are python, rust, console and text, \
             and listings in python and rust,ignore"
        )),
    }
}

/// rustdoc hides such lines, code hosts show them.
fn hidden_line(fence: &Fence) -> Option<String> {
    let hidden = |line: &str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let has = fence.language == "rust" && fence.text.lines().any(hidden);
    has.then(|| {
        "a line that rustdoc hides shows on a code host; write the snippet whole".to_owned()
    })
}

/// Finds a chapter whose title or sections are not those of a chapter.
pub fn check_chapter(page: &Page) -> Vec<Finding> {
    let Ok(number) = page
        .name()
        .split('-')
        .next()
        .unwrap_or_default()
        .parse::<u32>()
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if !page.text.starts_with(&format!("# {number}. ")) {
        findings.push(page.finding(1, format!("does not begin with # {number}. TITLE")));
    }
    let mut headings = page.headings.iter().filter(|heading| heading.level == 2);
    for (english, chinese) in SECTIONS {
        let section = match page.path.starts_with(pages::zh()) {
            true => chinese,
            false => english,
        };
        if !headings.any(|heading| heading.text == *section) {
            let what = format!("has no ## {section} behind the sections before it");
            findings.push(page.finding(1, what));
            break;
        }
    }
    let command = format!("cargo test -p cross-process exercise_{number:02} -- --ignored");
    let file = format!("docs/exercises/{number:02}_");
    for text in [command, file] {
        if !page.text.contains(&text) {
            findings.push(page.finding(1, format!("its exercise does not name {text}")));
        }
    }
    findings
}
