//! Removes the comments of code, or replaces them by those of a page in another language.

use std::collections::{HashMap, VecDeque};
use std::mem;

/// Comments of a block with more Latin words than this must contain Chinese.
const UNTRANSLATED: usize = 8;

/// The lines of code of a block in a language, without comments and blank lines. A block that is
/// not Python or Rust stays as it is.
pub fn code_of(language: &str, text: &str) -> String {
    pieces(language, text).map(|piece| piece.0).collect()
}

/// The code of `text`. A line that is also in `old` gets its comments from there.
pub fn kept(language: &str, old: &str, text: &str) -> String {
    let mut known: HashMap<String, VecDeque<String>> = HashMap::new();
    for (code, whole) in pieces(language, old) {
        known.entry(code).or_default().push_back(whole);
    }
    let mut own = |code: &str| known.get_mut(code).and_then(VecDeque::pop_front);
    pieces(language, text)
        .map(|(code, whole)| own(&code).unwrap_or(whole))
        .collect()
}

/// Whether a block on a Chinese page has comments, and none of them is Chinese.
pub fn is_untranslated(language: &str, text: &str) -> bool {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let words = |text: &str| text.split_whitespace().count();
    !text.contains(is_chinese) && words(text) - words(&code_of(language, text)) > UNTRANSLATED
}

/// Each line of code, and the same line with its comments: those above it and at its end. Comments
/// after the last line belong to an empty line of code.
fn pieces(language: &str, text: &str) -> impl Iterator<Item = (String, String)> {
    let is_python = language == "python";
    let is_code = is_python || language.starts_with("rust");
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
        let code = match is_code {
            true => without_comment(is_python, line),
            false => line,
        };
        if !code.is_empty() || !is_code {
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
