//! Each check is seen to find what it is there for, on a small page that is wrong.

use std::path::{Path, PathBuf};

use cross_process::docs::finding::Finding;
use cross_process::docs::page::{Page, code_spans};
use cross_process::docs::{form, line_tables, links, listings, snippets, summary, twins, words};

fn page(text: &str) -> Page {
    Page::parse(Path::new("docs/en/02-a-page.md"), text)
}

/// The findings, as `LINE: WHAT`.
fn shown(findings: &[Finding]) -> Vec<String> {
    let shown = findings.iter().map(|f| format!("{}: {}", f.line, f.what));
    shown.collect()
}

/// There is one finding for each of these, on that line and with that text in it.
#[track_caller]
fn assert_found(findings: &[Finding], expected: &[(usize, &str)]) {
    let shown = shown(findings);
    assert_eq!(findings.len(), expected.len(), "{shown:#?}");
    for (finding, (line, text)) in findings.iter().zip(expected) {
        assert!(
            finding.line == *line && finding.what.contains(text),
            "{shown:#?}"
        );
    }
}

const EXAMPLE: &str = "crates/tcp-server/examples/tcp_server.rs";

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

#[test]
fn a_listing_out_of_step_is_found_and_mended() {
    let listing = |what: &str, text: &str| {
        page(&format!(
            "<!-- listing: {what} -->\n```rust,ignore\n{text}```\nend\n"
        ))
    };
    let part = format!("{EXAMPLE} from \"fn main\" to \"let port\"");
    let lines = "fn main() -> io::Result<()> {\n    let port = env::args().nth(1).unwrap_or_else(|| \"8080\".to_owned());\n";
    assert_found(&listings::check(&listing(&part, lines)), &[]);
    let to_the_end = format!("{EXAMPLE} from \"// The end of\"");
    let end = "        // The end of the block closes `conn`.\n    }\n}\n";
    assert_found(&listings::check(&listing(&to_the_end, end)), &[]);

    for text in [
        "",
        "fn main() {}\n",
        &lines.replace("8080", "8081"),
        &format!("{lines}\n"),
    ] {
        let wrong = listing(&part, text);
        assert_found(&listings::check(&wrong), &[(2, "UPDATE_DOCS=1")]);
        assert_eq!(
            listings::updated(&wrong).unwrap(),
            listing(&part, lines).text
        );
        let whole = listing(EXAMPLE, text);
        let updated = page(&listings::updated(&whole).unwrap());
        assert!(updated.fences[0].text.starts_with("//! An iterative"));
        assert!(updated.text.ends_with("}\n```\nend\n"));
    }
    for (what, says) in [
        ("nowhere.rs", "cannot be read"),
        ("Cargo.toml from [workspace]", "not PATH"),
        (
            "Cargo.toml from \"no such\" to \"thing\"",
            "has no such line",
        ),
        (
            "Cargo.toml from \"[workspace.package]\" to \"[workspace]\"",
            "has no such line",
        ),
    ] {
        assert_found(&listings::check(&listing(what, "x\n")), &[(2, says)]);
        assert!(listings::updated(&listing(what, "x\n")).is_err());
    }
}

#[test]
fn python_that_fails_is_found() {
    let snippet = |text: &str| page(&format!("\n```python\n{text}\n```\n"));
    let findings = snippets::check_python(&snippet("import socket\nprint(socket.AF_INET)"));
    assert_found(&findings, &[]);
    // Without Python they are skipped, and say so.
    if cross_process::python::command("the check of Python snippets").is_some() {
        for (text, says) in [
            ("1 / 0", "ZeroDivisionError"),
            ("raise SystemExit(1)", "fails"),
            ("x =", "SyntaxError"),
        ] {
            assert_found(&snippets::check_python(&snippet(text)), &[(2, says)]);
        }
    }
}

#[test]
fn code_that_is_in_neither_file_is_found() {
    let table = |rows: &str| {
        page(&format!(
            "<!-- lines: crates/tcp-server/examples/tcp_server.py {EXAMPLE} -->\n| Python | Rust | why |\n|---|---|---|\n{rows}\n"
        ))
    };
    assert_found(
        &line_tables::check(&table("| `server.accept()` | `server.accept()?` | `x` |")),
        &[],
    );
    assert_found(
        &line_tables::check(&table(
            "| `server.accept()` | `server.accept()?` | |\n| `no_py` | `no_rs` and words | |",
        )),
        &[
            (5, "tcp_server.py has no \"no_py\""),
            (5, "tcp_server.rs has no \"no_rs\""),
        ],
    );
    let text = "| Python | Rust |\n|---|---|\n| `a` | `b` |\n";
    assert_found(
        &line_tables::check(&page(text)),
        &[(1, "without <!-- lines")],
    );
    for (comment, says) in [
        ("lines: README.md", "not two files"),
        ("lines: no.py README.md", "no.py cannot be read"),
    ] {
        assert_found(
            &line_tables::check(&page(&format!(
                "<!-- {comment} -->\n| Python | Rust |\n|---|---|\n"
            ))),
            &[(2, says)],
        );
    }
    let other = "<!-- lines: a b -->\n| Rust | Python |\n|---|---|\n";
    assert_found(
        &line_tables::check(&page(other)),
        &[(2, "begins | Python | Rust |")],
    );
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let text = concat!(
        "# 2. The idea, `again` (twice)\n## Run it\n## Run it\n## 中文:标题\n",
        "[a](#2-the-idea-again-twice) [b](#run-it-1) [c](#中文标题) [d](../CHANGELOG.md)\n",
        "[e](../dev/architecture.md#rooms) [f](https://www.rfc-editor.org/rfc/rfc9293)\n",
    );
    assert_found(&links::check(&page(text)), &[]);
    for (target, says) in [
        ("#nothing", "has no #nothing"),
        ("nothing.md", "is not there"),
        ("../dev/architecture.md#nothing", "has no #nothing"),
        ("../../README.md", "out of the book"),
        ("https://example.org/", "stable places"),
    ] {
        let wrong = page(&format!("[text]({target})\n"));
        assert_found(&links::check(&wrong), &[(1, says)]);
    }
    let readme = Page::parse(
        Path::new("README.md"),
        "[a](docs/README.md) [b](crates/proto)\n",
    );
    assert_found(&links::check(&readme), &[]);
}

#[test]
fn a_page_that_the_book_does_not_list_once_is_found() {
    let paths: Vec<PathBuf> = ["docs/SUMMARY.md", "docs/en/a.md", "docs/b.md"]
        .map(PathBuf::from)
        .into();
    let summary = |text: &str| Page::parse(Path::new("docs/SUMMARY.md"), text);
    assert_found(
        &summary::check(&summary("[a](en/a.md)\n[b](b.md)\n"), &paths),
        &[],
    );
    assert_found(
        &summary::check(&summary("[a](en/a.md)\n"), &paths),
        &[(1, "docs/b.md is not listed")],
    );
    assert_found(
        &summary::check(&summary("[a](en/a.md)\n[b](b.md)\n[b](b.md)\n"), &paths),
        &[(1, "docs/b.md is listed here more than once")],
    );
}

#[test]
fn twins_out_of_step_are_found_and_brought_in_step() {
    let english = page(concat!(
        "# Title\n\n![p](../img/a.en.svg) [next](03.md#anchor) [other](../zh/02-a-page.md) [here](#title)\n\n",
        "```console\n$ true\n```\n\n```text\na picture\n```\n\n| a | b |\n|---|---|\n| `x` | words |\n\n## Section\n\n",
        "<!-- wire: client 127.0.0.1 9000 -->\n```text\nS: hello\n```\n",
    ));
    let chinese = english
        .text
        .replace("Title", "标题")
        .replace("Section", "小节")
        .replace("#title", "#标题")
        .replace("#anchor", "#锚")
        .replace("../zh/", "../en/")
        .replace(".en.svg", ".zh.svg")
        .replace("a picture", "图")
        .replace("words", "话");
    let chinese = |old: &str, new: &str| {
        Page::parse(
            Path::new("docs/zh/02-a-page.md"),
            &chinese.replacen(old, new, 1),
        )
    };
    assert_found(&twins::check(&english, &chinese("", "")), &[]);
    for (old, new, line, says) in [
        (
            "## 小节",
            "### 小节",
            17,
            "this heading is not that of line 17",
        ),
        ("## 小节\n", "", 21, "the heading of line 17 is missing"),
        ("## 小节", "## 小节\n## 多余", 18, "no such heading"),
        ("$ true", "$ false", 5, "this fence is not that"),
        ("```text", "```console", 9, "this fence is not that"),
        ("S: hello", "S: 你好", 20, "this fence is not that"),
        ("`x`", "`y`", 13, "this table is not that"),
        ("| 话 |", "| 话 | |", 13, "this table is not that"),
        ("03.md", "04.md", 3, "this link is not that"),
        ("a.zh", "a.en", 3, "this link is not that"),
        ("03.md#锚", "03.md", 3, "this link is not that"),
        ("#标题", "#小节", 3, "this link is not that"),
    ] {
        assert_found(&twins::check(&english, &chinese(old, new)), &[(line, says)]);
    }
    for (old, new) in [("$ true", "$ false\n$ false"), ("S: hello", "S: 你好")] {
        let behind = chinese(old, new);
        assert_eq!(twins::updated(&english, &behind), chinese("", "").text);
    }
    let with_another = chinese("```console\n", "```console\n$ :\n```\n\n```console\n");
    assert_eq!(twins::updated(&english, &with_another), with_another.text);
}
