//! Each check is seen to find what it is there for, on a small page that is wrong.

use std::path::Path;

use cross_process::docs::finding::Finding;
use cross_process::docs::page::{Page, code_spans};
use cross_process::docs::{form, twins, words};

pub fn page(text: &str) -> Page {
    Page::parse(Path::new("docs/en/02-a-page.md"), text)
}

/// The findings, as `LINE: WHAT`.
pub fn shown(findings: &[Finding]) -> Vec<String> {
    let shown = findings.iter().map(|f| format!("{}: {}", f.line, f.what));
    shown.collect()
}

/// There is one finding for each of these, on that line and with that text in it.
#[track_caller]
pub fn assert_found(findings: &[Finding], expected: &[(usize, &str)]) {
    let shown = shown(findings);
    assert_eq!(findings.len(), expected.len(), "{shown:#?}");
    for (finding, (line, text)) in findings.iter().zip(expected) {
        assert!(
            finding.line == *line && finding.what.contains(text),
            "{shown:#?}"
        );
    }
}

pub const EXAMPLE: &str = "crates/tcp-server/examples/tcp_server.rs";

#[test]
fn the_reader_reads_what_pages_use() {
    let page = page(concat!(
        "# Title\n\n",
        "A [link](a.md#b), `code](no-link)` and ![a picture](../img/a.svg).\n\n",
        "<!-- lines: a b -->\n| Python | Rust |\n|---|---|\n| `a \\| b` | [x](y) |\n\n",
        "<!-- terminal: one -->\n```console\n# not a heading\n[no](link)\n```\n## `code` too\n",
    ));
    assert_eq!(page.odd, []);
    let headings: Vec<_> = page
        .headings
        .iter()
        .map(|h| (h.line, h.level, h.text.as_str()))
        .collect();
    assert_eq!(headings, [(1, 1, "Title"), (15, 2, "`code` too")]);
    let links: Vec<_> = page
        .links
        .iter()
        .map(|l| (l.line, l.target.as_str()))
        .collect();
    assert_eq!(links, [(3, "a.md#b"), (3, "../img/a.svg"), (8, "y")]);
    assert_eq!(page.tables[0].comment.as_deref(), Some("lines: a b"));
    assert_eq!(
        page.tables[0].rows,
        [["Python", "Rust"], ["`a | b`", "[x](y)"]]
    );
    assert_eq!(page.fences[0].comment.as_deref(), Some("terminal: one"));
    assert_eq!(page.fences[0].text, "# not a heading\n[no](link)\n");
    assert_eq!(code_spans("`a` and ``b`c``"), ["a", "b`c"]);
}

#[test]
fn what_the_reader_cannot_read_is_found() {
    for (text, line, says) in [
        (
            "a\n\n  ```console\n  $ true\n  ```\n",
            3,
            "not at the start of its line",
        ),
        (
            "> ```console\n> $ true\n> ```\n",
            1,
            "not at the start of its line",
        ),
        ("```console\n$ true\n", 1, "nothing closes"),
        (
            "<!-- listing: x -->\n\n```python\n```\n",
            1,
            "no block below it",
        ),
        ("[a]: b.md\n", 1, "by reference"),
        ("<img src=\"a.svg\">\n", 1, "HTML"),
        ("see <https://example.org>\n", 1, "HTML or a bare address"),
        ("**冒号：**字\n", 1, "shows as stars"),
        ("字**`code`** 字\n", 1, "shows as stars"),
    ] {
        let findings = form::check(&page(text));
        assert!(
            findings
                .first()
                .is_some_and(|f| f.line == line && f.what.contains(says)),
            "{:#?}",
            shown(&findings)
        );
    }
    for right in [
        "**冒号：** 字\n",
        "字**字**字 **`code`**\n",
        "**Bold.** `2**31` is\n",
    ] {
        assert_eq!(page(right).odd, []);
    }
}

#[test]
fn a_fence_that_nothing_checks_is_found() {
    let fence = |info: &str| page(&format!("`a`\n{info}\nx\n```\n"));
    for right in [
        "```python",
        "```rust",
        "```console",
        "```text",
        "<!-- listing: a -->\n```rust,ignore",
        "<!-- listing: a -->\n```python",
    ] {
        assert_found(&form::check(&fence(right)), &[]);
    }
    for wrong in [
        "```",
        "```sh",
        "```rust,ignore",
        "```rust,no_run",
        "```json",
    ] {
        assert_found(&form::check(&fence(wrong)), &[(2, "is checked by nothing")]);
    }
    for wrong in [
        "<!-- listing: a -->\n```rust",
        "<!-- listing: a -->\n```text",
    ] {
        assert_found(&form::check(&fence(wrong)), &[(3, "a listing is")]);
    }
    assert_found(
        &form::check(&fence("<!-- listen: a -->\n```text")),
        &[(3, "begins with none of")],
    );
    assert_found(
        &form::check(&fence("<!-- not run: why -->\n```console")),
        &[(3, "all of the course is run")],
    );
    assert_found(
        &form::check(&fence("<!-- terminal: server -->\n```console")),
        &[(3, "the prompt names the terminal")],
    );
    let wide = format!("```text\n{}\n```\n", "-".repeat(101));
    assert_found(&form::check(&page(&wide)), &[(1, "more than 100 columns")]);
    assert_found(
        &form::check(&page("```rust\n# use std::io;\n```\n")),
        &[(1, "rustdoc hides")],
    );
}

#[test]
fn a_chapter_without_its_parts_is_found() {
    let chapter = "# 2. Title\n## A fact\n```console\n$ true\n```\n## Exercise\ndocs/exercises/02_x.rs\n## Read on\n";
    let check = |old: &str, new: &str| form::check_chapter(&page(&chapter.replacen(old, new, 1)));
    assert_found(&check("", ""), &[]);
    assert_found(&check("## Read on\n", ""), &[]);
    for (old, new, says) in [
        ("# 2. Title", "# 3. Title", "does not begin"),
        (
            "exercises/02_",
            "exercises/03_",
            "does not name docs/exercises/02_",
        ),
        ("## Exercise", "## 练习", "does not end with ## Exercise"),
        ("## Read on", "## More", "does not end with ## Exercise"),
        ("```console", "```text", "nothing runs"),
        (
            "```console",
            &format!("{}```console", "\n".repeat(60)),
            "nothing runs",
        ),
    ] {
        assert_found(&check(old, new), &[(1, says)]);
    }
    let chinese = chapter
        .replace("exercises/", "exercises/zh/")
        .replace("Exercise", "练习")
        .replace("Read on", "延伸阅读");
    let chinese = Page::parse(Path::new("docs/zh/02-a-page.md"), &chinese);
    assert_found(&form::check_chapter(&chinese), &[]);
}

#[test]
fn a_listing_without_a_caption_is_found() {
    let listing = |caption: &str| {
        page(&format!(
            "`other.rs`\n\n{caption}\n<!-- listing: a/b.rs -->\n```rust,ignore\n```\n"
        ))
    };
    assert_found(&form::check(&listing("`b.rs`:\n")), &[]);
    assert_found(
        &form::check(&listing("In Rust:\n")),
        &[(6, "name its file")],
    );
}

#[test]
fn comments_are_those_of_the_page() {
    let code = |path: &str, language: &str, text: &str| {
        Page::parse(Path::new(path), &format!("```{language}\n{text}```\n"))
    };
    for (language, english, chinese) in [
        (
            "python",
            "\"\"\"Doc\n\nmore\n\"\"\"\na = '#'  # one\n\nb\n",
            "\"\"\"文档\"\"\"\na = '#'  # 一\n# 二\nb\n",
        ),
        (
            "rust",
            "//! Doc\nlet a = \"//\"; // one\nlet c = '\"'; // two\n",
            "//! 文档\nlet a = \"//\"; // 一\nlet c = '\"'; // 二\n// 三\n",
        ),
    ] {
        let english = code("docs/en/a.md", language, english);
        let own = code("docs/zh/a.md", language, chinese);
        assert_found(&twins::check(&english, &own), &[]);
        assert_eq!(twins::updated(&english, &own), own.text);
        let other = code("docs/zh/a.md", language, &chinese.replace("a =", "x ="));
        assert_found(
            &twins::check(&english, &other),
            &[(1, "this fence is not that")],
        );
        let updated = twins::updated(&english, &other);
        assert!(
            !updated.contains('一') && updated.contains("one") && updated.contains('二'),
            "{updated}"
        );
    }
    let words = "// one two three four five six seven eight\nlet a = 1;\n";
    assert_found(&form::check(&code("docs/en/a.md", "rust", words)), &[]);
    assert_found(
        &form::check(&code("docs/zh/a.md", "rust", words)),
        &[(1, "not in Chinese")],
    );
}

#[test]
fn words_that_the_docs_do_not_use_are_found() {
    let words = words::forbidden();
    for word in ["somebody", "and says so", "旗标"] {
        assert!(
            words.contains(&word.to_owned()),
            "{word} is not in the list"
        );
    }
    let text = "Somebody, `somebody`\nsomebodys\n> it fails and\n> says so.\n旗标\n```python\n# somebody 旗标\n```\n";
    let expected = [(1, "somebody"), (3, "and says so"), (5, "旗标")];
    assert_found(&words::check(&page(text), &words), &expected);
    let chinese = Page::parse(
        Path::new("docs/zh/02-a-page.md"),
        "```python\n# 旗标\n```\n",
    );
    assert_found(&words::check(&chinese, &words), &[(2, "旗标")]);
}
