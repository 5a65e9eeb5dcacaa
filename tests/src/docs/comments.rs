//! Code without its comments, and code with the comments that a page in another language has.

use std::collections::{HashMap, VecDeque};
use std::mem;

use crate::docs::page::Fence;

/// How many words in Latin letters a block's comments may have before one must be Chinese.
const UNTRANSLATED: usize = 8;

/// The lines of a block's code, without comments and blank lines; of another block, its text.
pub fn code_of(fence: &Fence) -> String {
    match is_code(fence) {
        true => pieces(is_python(fence), &fence.text)
            .map(|piece| piece.0)
            .collect(),
        false => fence.text.clone(),
    }
}

/// The lines of a Rust file's code, without comments and blank lines.
pub fn rust_code_of(text: &str) -> String {
    pieces(false, text).map(|piece| piece.0).collect()
}

/// Whether a block's code is that of `text`.
pub fn is_same(fence: &Fence, text: &str) -> bool {
    let code = |text| pieces(is_python(fence), text).map(|piece| piece.0);
    code(&fence.text).eq(code(text))
}

/// The code of `text`; each line that the block has, too, keeps the comments that it has there.
pub fn kept(fence: &Fence, text: &str) -> String {
    if !is_code(fence) {
        return text.to_owned();
    }
    let mut known: HashMap<String, VecDeque<String>> = HashMap::new();
    for (code, whole) in pieces(is_python(fence), &fence.text) {
        known.entry(code).or_default().push_back(whole);
    }
    let mut own = |code: &str| known.get_mut(code).and_then(VecDeque::pop_front);
    pieces(is_python(fence), text)
        .map(|(code, whole)| own(&code).unwrap_or(whole))
        .collect()
}

/// Whether a block on a Chinese page has comments, and none of them is Chinese.
pub fn is_untranslated(fence: &Fence) -> bool {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    if !is_code(fence) || fence.text.contains(is_chinese) {
        return false;
    }
    let all = fence.text.split_whitespace().count();
    let code = code_of(fence).split_whitespace().count();
    all - code > UNTRANSLATED
}

fn is_python(fence: &Fence) -> bool {
    fence.language == "python"
}

fn is_code(fence: &Fence) -> bool {
    ["python", "rust", "rust,ignore"].contains(&fence.language.as_str())
}

/// Each line of code, and the same line with its comments: those above it and behind it. What is
/// behind the last one belongs to a line without code.
fn pieces(is_python: bool, text: &str) -> impl Iterator<Item = (String, String)> {
    let mut pieces = Vec::new();
    let mut whole = String::new();
    let mut in_docstring = false;
    for line in text.lines() {
        whole.push_str(line);
        whole.push('\n');
        let marks = line.matches("\"\"\"").count();
        if is_python && (in_docstring || line.trim_start().starts_with("\"\"\"")) {
            in_docstring ^= marks % 2 == 1;
            continue;
        }
        let code = without_comment(is_python, line);
        if !code.is_empty() {
            pieces.push((format!("{code}\n"), mem::take(&mut whole)));
        }
    }
    pieces.push((String::new(), whole));
    pieces.into_iter()
}

/// A line without the comment at its end.
fn without_comment(is_python: bool, line: &str) -> &str {
    let mark = if is_python { "#" } else { "//" };
    let mut within = None;
    let mut rest = line.char_indices();
    while let Some((at, c)) = rest.next() {
        match within {
            Some(_) if c == '\\' => drop(rest.next()),
            Some(quote) if c == quote => within = None,
            Some(_) => {}
            None if line[at..].starts_with(mark) => return line[..at].trim_end(),
            None if line[at..].starts_with("'\"'") => drop(rest.nth(1)),
            None if c == '"' || (is_python && c == '\'') => within = Some(c),
            None => {}
        }
    }
    line.trim_end()
}
