//! The checks that compare a page with other files, seen to find what they are there for.

use std::path::{Path, PathBuf};

use cross_process::docs::page::Page;
use cross_process::docs::{line_tables, links, listings, snippets, summary, twins};

use super::checker::{EXAMPLE, assert_found, page};

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
