//! Tests each check of the docs with small pages that have a fault.

use std::path::{Path, PathBuf};

use cross_process::docs::page::{Page, code_spans};
use cross_process::docs::{form, line_tables, links, listings, snippets, summary, twins, words};

const EXAMPLE: &str = "crates/tcp-server/examples/tcp_server.rs";

fn page(text: &str) -> Page {
    Page::parse(Path::new("docs/en/02-a-page.md"), text)
}

fn chinese(text: &str) -> Page {
    Page::parse(Path::new("docs/zh/02-a-page.md"), text)
}

/// Runs a check on a page for each case. A case is `LINE WHAT => TEXT` if the check has to find one
/// thing on that line of the text, with `WHAT` in its words; `=> TEXT` if it has to find none.
#[track_caller]
fn assert_each(check: impl Fn(&str) -> Vec<String>, cases: &[&str]) {
    for case in cases {
        let (expected, text) = case.split_once("=> ").unwrap();
        let found = check(text);
        let is_right = match expected.trim().split_once(' ') {
            None => found.is_empty(),
            Some((line, what)) => {
                let place = format!(".md:{line}: ");
                found.len() == 1 && found[0].contains(&place) && found[0].contains(what)
            }
        };
        assert!(is_right, "{case}\nfinds {found:#?}");
    }
}

/// Like [`assert_each`], but each case replaces a text in a correct page: `LINE WHAT => OLD ->
/// NEW`.
#[track_caller]
fn assert_each_change(right: &str, check: impl Fn(&str) -> Vec<String>, cases: &[&str]) {
    assert_eq!(check(right), [""; 0]);
    let changed = |change: &str| {
        let (old, new) = change.split_once(" -> ").unwrap();
        assert!(right.contains(old), "{old}");
        check(&right.replacen(old, new, 1))
    };
    assert_each(changed, cases);
}

#[test]
fn the_reader_reads_the_markdown_of_our_pages() {
    let page = page(concat!(
        "# Title\n\n",
        "A [link](a.md#b), `code](no-link)` and ![a picture](../img/a.svg).\n\n",
        "<!-- lines: a b -->\n| Python | Rust |\n|---|---|\n| `a \\| b` | [x](y) |\n\n",
        "<!-- wire: one -->\n```text\n# not a heading\n[no](link)\n```\n## `code` too\n",
    ));
    assert_eq!(page.odd, [""; 0]);
    let headings = page.headings.iter();
    let headings: Vec<_> = headings.map(|h| (h.line, h.level, &h.text[..])).collect();
    assert_eq!(headings, [(1, 1, "Title"), (15, 2, "`code` too")]);
    let links: Vec<_> = page.links.iter().map(|l| (l.line, &l.target[..])).collect();
    assert_eq!(links, [(3, "a.md#b"), (3, "../img/a.svg"), (8, "y")]);
    assert_eq!(page.tables[0].comment.as_deref(), Some("lines: a b"));
    let rows = [["Python", "Rust"], ["`a | b`", "[x](y)"]];
    assert_eq!(page.tables[0].rows, rows);
    assert_eq!(page.fences[0].comment.as_deref(), Some("wire: one"));
    assert_eq!(page.fences[0].text, "# not a heading\n[no](link)\n");
    assert_eq!(code_spans("`a` and ``b`c``"), ["a", "b`c"]);
}

#[test]
fn unreadable_markdown_is_found() {
    let cases = [
        "3 not at the start of its line => a\n\n> ```console\n",
        "1 nothing closes => ```console\n$ true\n",
        "1 no block below it => <!-- wire: x -->\n\n```text\n```\n",
        "1 by reference => [a]: b.md\n",
        "1 HTML => <img src=\"a.svg\">\n",
        "1 HTML or a bare address => see <https://example.org>\n",
        "1 shows as stars => **冒号：**字\n",
        "1 shows as stars => 字**`code`** 字\n",
        "=> **冒号：** 字\n",
        "=> 字**字**字 **`code`**\n",
        "=> **Bold.** `2**31` is\n",
    ];
    assert_each(|text| form::check(&page(text)), &cases);
}

#[test]
fn a_fence_without_a_check_is_found() {
    let cases = [
        "=> ```python",
        "=> ```rust",
        "=> ```console",
        "=> ```text",
        "=> <!-- listing: a -->\n```rust,ignore",
        "=> <!-- listing: a -->\n```python",
        "2 is checked by nothing => ```",
        "2 is checked by nothing => ```sh",
        "2 is checked by nothing => ```rust,ignore",
        "3 a listing is => <!-- listing: a -->\n```rust",
        "3 begins with none of => <!-- listen: a -->\n```text",
        "3 all of the course is run => <!-- not run: why -->\n```console",
        "3 name its file => <!-- listing: b -->\n```python",
    ];
    let fence = |info: &str| form::check(&page(&format!("`a`\n{info}\nx\n```\n")));
    assert_each(fence, &cases);
    let wide = format!("1 more than 100 columns => ```text\n{:101}\n```\n", "-");
    let hidden = "1 rustdoc hides => ```rust\n# use std::io;\n```\n";
    assert_each(|text| form::check(&page(text)), &[&wide, hidden]);
}

#[test]
fn a_chapter_without_its_parts_is_found() {
    let right = "# 2. Title\n```console\n```\n## Exercise\ndocs/exercises/02_x.rs\n## Read on\n";
    let late = format!(
        "1 nothing runs => ```console -> {}```console",
        "\n".repeat(60)
    );
    let cases = [
        "=> ## Read on\n -> ",
        "1 does not begin => # 2. Title -> # 3. Title",
        "1 does not name docs/exercises/02_ => 02_ -> 03_",
        "1 does not end with ## Exercise => Exercise -> 练习",
        "1 does not end with ## Exercise => ## Read on -> ## More",
        "1 nothing runs => ```console -> ```text",
        &late,
    ];
    assert_each_change(right, |text| form::check_chapter(&page(text)), &cases);
    let right = right.replace("exercises/", "exercises/zh/");
    let right = right
        .replace("Exercise", "练习")
        .replace("Read on", "延伸阅读");
    assert_eq!(form::check_chapter(&chinese(&right)), [""; 0]);
}

#[test]
fn comments_keep_the_language_of_their_page() {
    let python = "```python\n\"\"\"Doc\n\nmore\n\"\"\"\na = '#'  # one\n\nb  # two\n```\n";
    let own = "```python\n\"\"\"文档\"\"\"\na = '#'  # 一\n# 二\nb\n```\n";
    let rust = "```rust\n//! Doc\nlet a = \"//\"; // one\nlet c = '\"'; // two\n```\n";
    let own_rust = "```rust\n//! 文档\nlet a = \"//\"; // 一\nlet c = '\"'; // 二\n// 三\n```\n";
    for (english, own) in [(python, own), (rust, own_rust)] {
        let english = page(english);
        assert_each_change(
            own,
            |text| twins::check(&english, &chinese(text)),
            &["1 this fence is not that => a = -> x ="],
        );
        assert_eq!(twins::updated(&english, &chinese(own)), own);
        let updated = twins::updated(&english, &chinese(&own.replace("a =", "x =")));
        let is_kept = !updated.contains('一') && updated.contains("one") && updated.contains('二');
        assert!(is_kept, "{updated}");
    }
    let words = "```rust\n// one two three four five six seven eight\nlet a = 1;\n```\n";
    assert_eq!(form::check(&page(words)), [""; 0]);
    let not_chinese = format!("1 not in Chinese => {words}");
    assert_each(|text| form::check(&chinese(text)), &[&not_chinese]);
}

#[test]
fn forbidden_words_are_found() {
    let words = words::forbidden();
    let cases = [
        "1 \"somebody\" => Somebody, `somebody`\nsomebodys\n",
        "1 \"and says so\" => > it fails and\n> says so.\n",
        "1 \"旗标\" => 旗标\n",
        "=> ```python\n# somebody 旗标\n```\n",
    ];
    assert_each(|text| words::check(&page(text), &words), &cases);
    let cases = ["2 旗标 => ```python\n# 旗标\n```\n"];
    assert_each(|text| words::check(&chinese(text), &words), &cases);
}

#[test]
fn an_outdated_listing_is_found_and_updated() {
    let listing = |what: &str, text: &str| {
        let text = format!("<!-- listing: {what} -->\n```rust,ignore\n{text}```\nend\n");
        page(&text)
    };
    let part = format!("{EXAMPLE} from \"fn main\" to \"let port\"");
    let lines = "fn main() -> io::Result<()> {\n    let port = env::args().nth(1).unwrap_or_else(|| \"8080\".to_owned());\n";
    assert_eq!(listings::check(&listing(&part, lines)), [""; 0]);
    let to_the_end = format!("{EXAMPLE} from \"// The end of\"");
    let end = "        // The end of the block closes `conn`.\n    }\n}\n";
    assert_eq!(listings::check(&listing(&to_the_end, end)), [""; 0]);
    // The doc comment of the next item is left out.
    let up_to = "docs/chat/2_room.rs from \"const EVENTS\" to \"/// What the threads\"";
    let check = listings::check(&listing(up_to, "const EVENTS: usize = 64;\n"));
    assert_eq!(check, [""; 0]);

    for text in ["", &lines.replace("8080", "8081"), &format!("{lines}\n")] {
        let wrong = listing(&part, text);
        assert!(listings::check(&wrong)[0].contains(":2: "));
        assert_eq!(
            listings::updated(&wrong).unwrap(),
            listing(&part, lines).text
        );
        let updated = page(&listings::updated(&listing(EXAMPLE, text)).unwrap());
        assert!(updated.fences[0].text.starts_with("//! An iterative"));
        assert!(updated.text.ends_with("}\n```\nend\n"));
    }
    let cases = [
        "2 cannot be read => nowhere.rs",
        "2 not PATH => Cargo.toml from [workspace]",
        "2 has no such line => Cargo.toml from \"no such\" to \"thing\"",
        "2 has no such line => Cargo.toml from \"[workspace.package]\" to \"[workspace]\"",
    ];
    assert_each(|what| listings::check(&listing(what, "x\n")), &cases);
    assert!(listings::updated(&listing("nowhere.rs", "x\n")).is_err());
}

#[test]
fn failing_python_is_found() {
    let check = |text: &str| snippets::check_python(&page(&format!("\n```python\n{text}\n```\n")));
    assert_each(check, &["=> import socket\nprint(socket.AF_INET)"]);
    // Without Python the snippets are skipped with a message.
    if cross_process::python::command("the check of Python snippets").is_some() {
        let cases = ["2 ZeroDivisionError => 1 / 0", "2 SyntaxError => x ="];
        assert_each(check, &cases);
    }
}

#[test]
fn code_of_a_line_table_that_is_not_in_its_file_is_found() {
    let head = format!("<!-- lines: crates/tcp-server/examples/tcp_server.py {EXAMPLE} -->");
    let head = format!("{head}\n| Python | Rust | why |\n|---|---|---|");
    let right = format!("{head}\n| `server.accept()` | `server.accept()?` and words | `x` |\n");
    let cases = [
        "4 tcp_server.py has no \"no_py\" => server.accept() -> no_py",
        "4 tcp_server.rs has no \"no_rs\" => server.accept()? -> no_rs",
        "2 not two files => crates/tcp-server/examples/tcp_server.py -> ",
        "2 no.py cannot be read => crates/tcp-server/examples/tcp_server.py -> no.py",
        "2 above | Python | Rust | => Python -> Perl",
    ];
    assert_each_change(&right, |text| line_tables::check(&page(text)), &cases);
    let bare = "1 has <!-- lines => | Python | Rust |\n|---|---|\n| `a` | `b` |\n";
    assert_each(|text| line_tables::check(&page(text)), &[bare]);
}

#[test]
fn a_broken_link_is_found() {
    let text = concat!(
        "# 2. The idea, `again` (twice)\n## Run it\n## Run it\n## 中文:标题\n",
        "[a](#2-the-idea-again-twice) [b](#run-it-1) [c](#中文标题) [d](../CHANGELOG.md)\n",
        "[e](../dev/architecture.md#modules) [f](https://www.rfc-editor.org/rfc/rfc9293)\n",
    );
    let cases = [
        "5 has no #nothing => #run-it-1 -> #nothing",
        "5 is not there => ../CHANGELOG.md -> nothing.md",
        "6 has no #nothing => #modules -> #nothing",
        "5 out of the book => ../CHANGELOG.md -> ../../README.md",
        "6 stable places => www.rfc-editor.org -> example.org",
    ];
    assert_each_change(text, |text| links::check(&page(text)), &cases);
    let readme = "[a](docs/README.md) [b](crates/proto)\n";
    let readme = Page::parse(Path::new("README.md"), readme);
    assert_eq!(links::check(&readme), [""; 0]);
}

#[test]
fn a_page_that_the_book_lists_never_or_twice_is_found() {
    let paths = ["docs/SUMMARY.md", "docs/en/a.md", "docs/b.md"].map(PathBuf::from);
    let summary = |text: &str| Page::parse(Path::new("docs/SUMMARY.md"), text);
    let cases = [
        "1 docs/b.md is not listed => [b](b.md)\n -> ",
        "1 docs/b.md is listed here more than once => [b](b.md)\n -> [b](b.md)\n[b](b.md)\n",
    ];
    let check = |text: &str| summary::check(&summary(text), &paths);
    assert_each_change("[a](en/a.md)\n[b](b.md)\n", check, &cases);
}

#[test]
fn differences_between_languages_are_found_and_code_is_updated() {
    let english = page(concat!(
        "# Title\n\n![p](../img/a.en.svg) [next](03.md#anchor) [other](../zh/02-a-page.md) [here](#title)\n\n",
        "```console\n$ true\n```\n\n```text\na picture\n```\n\n| a | b |\n|---|---|\n| `x` | words |\n\n## Section\n\n",
        "<!-- wire: client 127.0.0.1 9000 -->\n```text\nS: hello\n```\n",
    ));
    let mut right = english.text.clone();
    for change in [
        "# Title -> # 标题",
        "Section -> 小节",
        "#title -> #标题",
        "#anchor -> #锚",
        "../zh/ -> ../en/",
        ".en.svg -> .zh.svg",
        "a picture -> 图",
        "words -> 话",
    ] {
        let (old, new) = change.split_once(" -> ").unwrap();
        right = right.replace(old, new);
    }
    let cases = [
        "17 this heading is not that of line 17 => ## 小节 -> ### 小节",
        "21 the heading of line 17 is missing => ## 小节\n -> ",
        "18 no such heading => ## 小节 -> ## 小节\n## 多余",
        "5 this fence is not that => $ true -> $ false",
        "9 this fence is not that => ```text -> ```console",
        "20 this fence is not that => S: hello -> S: 你好",
        "13 this table is not that => `x` -> `y`",
        "13 this table is not that => | 话 | -> | 话 | |",
        "3 this link is not that => 03.md -> 04.md",
        "3 this link is not that => a.zh -> a.en",
        "3 this link is not that => 03.md#锚 -> 03.md",
        "3 this link is not that => #标题 -> #小节",
    ];
    let check = |text: &str| twins::check(&english, &chinese(text));
    assert_each_change(&right, check, &cases);
    for (old, new) in [("$ true", "$ false\n$ false"), ("S: hello", "S: 你好")] {
        let behind = chinese(&right.replace(old, new));
        assert_eq!(twins::updated(&english, &behind), right);
    }
    let with_another = right.replace("```console\n", "```console\n$ :\n```\n\n```console\n");
    let updated = twins::updated(&english, &chinese(&with_another));
    assert_eq!(updated, with_another);
}
