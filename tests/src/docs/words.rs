//! Finds words that the docs must not use. `docs/dev/writing.md` lists them, in the last column of
//! its tables that are headed `not`.

use std::path::Path;

use crate::docs::page::{Fence, Page, Table, without_code};
use crate::docs::pages;

/// The words, in English and in Chinese.
pub fn forbidden() -> Vec<String> {
    let page = match Page::open(Path::new("docs/dev/writing.md")) {
        Ok(page) => page,
        Err(why) => panic!("the list of words cannot be read: {why}"),
    };
    let tables = page.tables.iter().filter(|table| is_list(table));
    let cells = tables.flat_map(|table| table.rows[1..].iter().filter_map(|row| row.last()));
    let words = cells.flat_map(|cell| cell.split([',', '、']).map(str::trim));
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn is_list(table: &Table) -> bool {
    table.rows[0].last().is_some_and(|head| head == "not")
}

/// Finds these words in the prose of a page, and in the comments of a Chinese page's code.
pub fn check(page: &Page, forbidden: &[String]) -> Vec<String> {
    let is_chinese = pages::is_chinese(page);
    let mut lines: Vec<String> = page.text.lines().map(str::to_owned).collect();
    // A transcript or a conversation is the same in both languages.
    let is_code = |fence: &&Fence| {
        !is_chinese
            || fence.language == "console"
            || (fence.language == "text" && fence.comment.is_some())
    };
    let code = page.fences.iter().filter(is_code);
    let code = code.map(|fence| (fence.line, fence.text.lines().count()));
    let lists = page.tables.iter().filter(|table| is_list(table));
    for (line, length) in code.chain(lists.map(|list| (list.line, list.rows.len()))) {
        lines[line..line + length].fill(String::new());
    }
    let prose: Vec<String> = lines
        .iter()
        .map(|l| without_code(l).to_lowercase())
        .collect();
    let mut findings = Vec::new();
    for (at, line) in prose.iter().enumerate() {
        let next = prose
            .get(at + 1)
            .map_or("", |next| next.trim_start_matches([' ', '>']));
        let text = format!("{line} {next}");
        for word in forbidden {
            let mut places = text.match_indices(word).map(|place| place.0);
            if places.any(|place| place < line.len() && is_whole(&text, place, word)) {
                findings.push(page.finding(at + 1, format!("{word:?} (docs/dev/writing.md)")));
            }
        }
    }
    findings
}

/// Whether an English word is whole, with no letter before or after it. Chinese has no word limits.
fn is_whole(text: &str, place: usize, word: &str) -> bool {
    let before = text[..place].chars().next_back();
    let after = text[place + word.len()..].chars().next();
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    !word.is_ascii() || !(before.is_some_and(is_letter) || after.is_some_and(is_letter))
}
