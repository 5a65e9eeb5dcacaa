//! Applies every check to every page.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::thread;

use cross_process::artifacts::{artifacts, workspace};
use cross_process::docs::page::Page;
use cross_process::docs::{
    form, line_tables, links, listings, pages, play, snippets, summary, twins, words,
};

/// Fails the test, with all findings, if there is one.
#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn check_all(pages: &[Page], check: impl Fn(&Page) -> Vec<String>) {
    let findings: Vec<String> = pages.iter().flat_map(check).collect();
    assert_none(&findings);
}

/// How many pages are played at a time. They mostly wait.
const AT_A_TIME: usize = 4;

/// Calls `check` with each English page; `DOCS_PAGE=02` limits it to one.
fn each_english(check: impl Fn(&Page) -> Vec<String> + Sync) {
    let only = env::var("DOCS_PAGE").unwrap_or_default();
    let mut pages = pages::of(pages::en());
    pages.retain(|page| page.name().starts_with(&only));
    // The longest first, so that none of them runs when all others are over.
    pages.sort_by_key(|page| Reverse(page.fences.len()));
    let (pages, found) = (Mutex::new(pages.into_iter()), Mutex::new(Vec::new()));
    let next = || pages.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(page) = next() {
                    let findings = check(&page);
                    found.lock().unwrap().extend(findings);
                }
            });
        }
    });
    assert_none(&found.into_inner().unwrap());
}

#[test]
fn listings_equal_their_files() {
    update_if_asked();
    // A Chinese page's listings are compared with those of the English page.
    let mut pages = pages::all();
    pages.retain(|page| !pages::is_chinese(page));
    check_all(&pages, listings::check);
}

/// Updates the pages before the tests of listings and languages read them.
fn update_if_asked() {
    static UPDATED: Once = Once::new();
    if env::var_os("UPDATE_DOCS").is_some() {
        // `call_once_force`, so that both tests show why it fails.
        UPDATED.call_once_force(|_| update());
    }
}

/// Copies the listings from their files, and the code of the English pages into the Chinese ones.
fn update() {
    for page in pages::all() {
        let text = match pages::is_chinese(&page) {
            false => listings::updated(&page).unwrap_or_else(|finding| panic!("{finding}")),
            true => {
                let english = Page::open(&pages::en().join(page.name())).unwrap();
                twins::updated(&english, &page)
            }
        };
        if text != page.text {
            fs::write(workspace().join(&page.path), text).unwrap();
        }
    }
}

#[test]
fn every_block_of_a_page_is_checked() {
    check_all(&pages::all(), form::check);
}

#[test]
fn no_page_uses_a_forbidden_word() {
    let words = words::forbidden();
    check_all(&pages::all(), |page| words::check(page, &words));
}

#[test]
fn chapters_have_the_parts_of_a_chapter() {
    check_all(&pages::all(), form::check_chapter);
}

#[test]
fn links_and_anchors_exist() {
    check_all(&pages::all(), links::check);
}

#[test]
fn line_tables_quote_their_files() {
    check_all(&pages::all(), line_tables::check);
}

#[test]
fn python_snippets_succeed() {
    each_english(snippets::check_python);
}

#[test]
fn transcripts_of_the_course_are_right() {
    artifacts();
    each_english(|page| play::check(page).into_iter().collect());
}

#[test]
fn transcripts_of_other_pages_are_right() {
    artifacts();
    let mut pages = pages::all();
    pages.retain(|page| !pages::is_of_the_course(page) && !pages::is_for_maintainers(page));
    check_all(&pages, |page| play::check(page).into_iter().collect());
}

#[test]
fn the_book_and_the_front_page_list_every_page() {
    for (list, folder) in [
        ("docs/SUMMARY.md", "docs"),
        ("docs/README.md", "docs/en"),
        ("docs/README.md", "docs/zh"),
    ] {
        let pages = pages::below(Path::new(folder)).unwrap();
        let list = Page::open(Path::new(list)).unwrap();
        assert_none(&summary::check(&list, &pages));
    }
}

#[test]
fn every_page_is_listed_and_exists_in_both_languages() {
    let names = |folder| -> BTreeSet<String> {
        let pages = pages::of(folder).into_iter();
        pages.map(|page| page.name().to_owned()).collect()
    };
    let listed: BTreeSet<String> = pages::ENGLISH
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(
        listed,
        names(pages::en()),
        "the list is in tests/src/docs/pages.rs"
    );
    assert_eq!(listed, names(pages::zh()));
}

#[test]
fn both_languages_have_the_same_parts() {
    update_if_asked();
    check_all(&pages::of(pages::zh()), |chinese| {
        let english = Page::open(&pages::en().join(chinese.name())).unwrap();
        twins::check(&english, chinese)
    });
}

/// A program that no transcript runs is not tested.
#[test]
fn every_program_of_the_gallery_is_run() {
    let gallery = fs::read_to_string(workspace().join("docs/en/gallery.md")).unwrap();
    for entry in fs::read_dir(workspace().join("docs/gallery")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let command = format!("$ python3 docs/gallery/{name} ");
        assert!(
            !name.ends_with(".py") || gallery.contains(&command),
            "the gallery's page never runs {name}"
        );
    }
}
