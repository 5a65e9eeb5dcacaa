//! Compares the English and the Chinese page of one name.

use crate::docs::comments;
use crate::docs::links::{anchors, file_of};
use crate::docs::page::{Fence, Page, code_spans};
use crate::docs::pages;

/// Finds differences between the pages: in the levels of headings; in the bytes of fences, except
/// pictures and comments in code; in the shape and the code of tables; in the pages and headings
/// that links lead to.
pub fn check(english: &Page, chinese: &Page) -> Vec<String> {
    let pairs = parts(english).into_iter().zip(parts(chinese));
    pairs
        .filter_map(|((what, there), (_, own))| compare(chinese, what, &there, &own))
        .collect()
}

/// The parts that both pages must have, each with its line.
fn parts(page: &Page) -> [(&str, Vec<(usize, String)>); 4] {
    let headings = page.headings.iter();
    let headings = headings.map(|h| (h.line, "#".repeat(h.level)));
    let fences = page.fences.iter().map(|f| {
        let text = match is_picture(f) {
            true => String::new(),
            false => comments::code_of(&f.language, &f.text),
        };
        (f.line, format!("{:?} ```{}\n{text}", f.comment, f.language))
    });
    let cell = |cell: &String| format!("{:?}", code_spans(cell));
    let row = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join("|");
    let tables = page.tables.iter().map(|t| {
        let rows: Vec<String> = t.rows.iter().map(row).collect();
        (t.line, format!("{:?} {}", t.comment, rows.join("\n")))
    });
    let links = page.links.iter();
    let links = links.map(|l| (l.line, place(page, &l.target)));
    [
        ("heading", headings.collect()),
        ("fence", fences.collect()),
        ("table", tables.collect()),
        ("link", links.collect()),
    ]
}

/// The Chinese page's text with the code of the English one. If the pages have different blocks, it
/// does not change, and [`check`] finds the difference.
pub fn updated(english: &Page, chinese: &Page) -> String {
    let kinds = |page: &Page| -> Vec<_> {
        let fences = page.fences.iter();
        fences
            .map(|f| (f.comment.clone(), f.language.clone()))
            .collect()
    };
    if kinds(english) != kinds(chinese) {
        return chinese.text.clone();
    }
    let pairs = chinese.fences.iter().zip(&english.fences);
    let code = pairs.filter(|(own, _)| !is_picture(own));
    let kept = |own: &Fence, there: &Fence| comments::kept(&own.language, &own.text, &there.text);
    let texts: Vec<_> = code.map(|(own, there)| (own, kept(own, there))).collect();
    chinese.with_texts(&texts)
}

/// Whether a block is a text picture, whose words are translated. A conversation, which has a
/// comment above it, is the same in every language.
fn is_picture(fence: &Fence) -> bool {
    fence.language == "text" && fence.comment.is_none()
}

/// The target of a link, without its language: `../zh/x.md` and `../en/x.md` are the same page,
/// `x.zh.svg` and `x.en.svg` the same picture. An anchor, which is the text of a heading, is
/// replaced by the heading's number.
fn place(page: &Page, target: &str) -> String {
    let Some((file, anchor)) = target.split_once('#') else {
        return neutral(page, target);
    };
    if target.contains("://") {
        return target.to_owned();
    }
    let headings = match file.is_empty() {
        true => Some(anchors(page)),
        false => Page::open(&file_of(page, target))
            .ok()
            .map(|there| anchors(&there)),
    };
    let number = headings.map(|headings| headings.iter().position(|heading| heading == anchor));
    format!("{}#{number:?}", neutral(page, file))
}

/// A target without the page's language in it, as in `../img/x.zh.svg`.
fn neutral(page: &Page, target: &str) -> String {
    let own = match pages::is_chinese(page) {
        true => ".zh.svg",
        false => ".en.svg",
    };
    let target = target.replace("zh/", "*/").replace("en/", "*/");
    target.replace(own, ".*.svg")
}

/// The first difference; the later ones mostly follow from it.
fn compare(
    chinese: &Page,
    what: &str,
    english: &[(usize, String)],
    own: &[(usize, String)],
) -> Option<String> {
    let same = english.iter().zip(own).take_while(|(a, b)| a.1 == b.1);
    let same = same.count();
    let (line, problem) = match (english.get(same), own.get(same)) {
        (None, None) => return None,
        (Some((line, there)), Some((own_line, here))) => (
            *own_line,
            format!(
                "this {what} is not that of line {line} (code is fixed by \
                 UPDATE_DOCS=1 cargo test -p cross-process docs):\n{here}\nbut\n{there}"
            ),
        ),
        (Some((line, there)), None) => (
            chinese.text.lines().count(),
            format!("the {what} of line {line} is missing:\n{there}"),
        ),
        (None, Some((own_line, here))) => (
            *own_line,
            format!("the English page has no such {what}:\n{here}"),
        ),
    };
    Some(chinese.finding(line, problem))
}
