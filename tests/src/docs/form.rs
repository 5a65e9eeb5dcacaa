//! Checks that every block of a page is checked by some test, and that a chapter has the sections
//! of a chapter.

use crate::docs::comments;
use crate::docs::listings::is_listing;
use crate::docs::page::{Fence, Page, code_spans};
use crate::docs::pages;
use crate::exercises::EXERCISES;

/// The section with the exercise, and the last one: in English, and in Chinese.
const EXERCISE: [&str; 2] = ["Exercise", "练习"];
const READ_ON: [&str; 2] = ["Read on", "延伸阅读"];

/// Something must run within this many lines of a chapter.
const FIRST_RUN: usize = 60;

/// The most columns of a picture made of text: those of a line of code.
const WIDEST_PICTURE: usize = 100;

/// The beginnings of known comments.
const COMMENTS: &[&str] = &["listing:", "lines:", "not run:", "wire:"];

/// Finds what the other checks would miss: fences in an unknown language, unknown comments, and
/// Markdown that [`Page`] cannot read.
pub fn check(page: &Page) -> Vec<String> {
    let mut findings = page.odd.clone();
    let problem = |fence: &Fence| Some(page.finding(fence.line, problem(page, fence)?));
    findings.extend(page.fences.iter().filter_map(problem));
    let fences = page.fences.iter().map(|fence| (fence.line, &fence.comment));
    let tables = page.tables.iter().map(|table| (table.line, &table.comment));
    for (line, comment) in fences.chain(tables) {
        let comment = comment.as_deref().unwrap_or("lines:");
        if !COMMENTS.iter().any(|known| comment.starts_with(known)) {
            let what = format!("{comment:?} begins with none of {COMMENTS:?}");
            findings.push(page.finding(line, what));
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
    if pages::is_chinese(page) && comments::is_untranslated(&fence.language, &fence.text) {
        return Some("the comments in this code are not in Chinese".to_owned());
    }
    if is_listing(fence) && !has_caption(page, fence) {
        return Some("the line above a listing has to name its file, as `code`".to_owned());
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

/// Whether the text above a listing's comment names the file that it shows.
fn has_caption(page: &Page, fence: &Fence) -> bool {
    let comment = fence.comment.as_deref().unwrap_or_default();
    let path = comment.split_whitespace().nth(1).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    // The fence's line counts from 1, and the comment is above it.
    let above = page.text.lines().take(fence.line - 2);
    let caption = above.filter(|line| !line.trim().is_empty()).last();
    caption.is_some_and(|line| code_spans(line).iter().any(|code| code.ends_with(name)))
}

/// rustdoc hides lines that begin with `# `, but code hosts show them.
fn hidden_line(fence: &Fence) -> Option<String> {
    let hidden = |line: &str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let has = fence.language == "rust" && fence.text.lines().any(hidden);
    has.then(|| {
        "a line that rustdoc hides shows on a code host; write the snippet whole".to_owned()
    })
}

/// Finds a chapter without a chapter's title, exercise or last section, or whose first lines run
/// nothing.
pub fn check_chapter(page: &Page) -> Vec<String> {
    let number = page.name().split('-').next().unwrap_or_default();
    let Ok(number) = number.parse::<usize>() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if !page.text.starts_with(&format!("# {number}. ")) {
        findings.push(page.finding(1, format!("does not begin with # {number}. TITLE")));
    }
    let language = usize::from(pages::is_chinese(page));
    let file = format!(
        "{}{number:02}_",
        ["docs/exercises/", "docs/exercises/zh/"][language]
    );
    let has_exercise = EXERCISES.iter().any(|it| it.number == number);
    if has_exercise && !page.text.contains(&file) {
        findings.push(page.finding(1, format!("its exercise does not name {file}")));
    }
    let (exercise, read_on) = (EXERCISE[language], READ_ON[language]);
    let sections = page.headings.iter().filter(|heading| heading.level == 2);
    let sections: Vec<&str> = sections.map(|heading| heading.text.as_str()).collect();
    let sections = match sections[..] {
        [ref before @ .., last] if last == read_on => before,
        _ => &sections,
    };
    if sections.last() != Some(&exercise) {
        let what = format!("does not end with ## {exercise}, or that and ## {read_on}");
        findings.push(page.finding(1, what));
    }
    let runs = |fence: &&Fence| !is_listing(fence) && fence.language != "text";
    let first = page.fences.iter().find(runs);
    if first.is_none_or(|first| first.line > FIRST_RUN) {
        findings.push(page.finding(1, format!("nothing runs in its first {FIRST_RUN} lines")));
    }
    findings
}
