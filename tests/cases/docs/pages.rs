//! The pages as they are.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use std::thread;

use cross_process::artifacts::{artifacts, workspace};
use cross_process::docs::finding::{Finding, assert_none};
use cross_process::docs::page::Page;
use cross_process::docs::{
    form, line_tables, links, listings, pages, play, snippets, summary, twins, words,
};
use cross_process::skip::skip;

fn check_all(pages: &[Page], check: impl Fn(&Page) -> Vec<Finding>) {
    let findings: Vec<Finding> = pages.iter().flat_map(check).collect();
    assert_none(&findings);
}

/// How many pages are played at a time. They wait more than they work.
const AT_A_TIME: usize = 4;

/// Calls `check` with each English page. `DOCS_PAGE=02` is for whoever writes one.
fn each_english(check: impl Fn(&Page) -> Vec<Finding> + Sync) {
    let only = env::var("DOCS_PAGE").unwrap_or_default();
    let mut pages = pages::english();
    pages.retain(|page| page.name().starts_with(&only));
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
fn listings_are_what_the_files_hold() {
    update_if_asked();
    check_all(&pages::all(), listings::check);
}

/// Updates the pages before either test that would find them behind looks at them.
fn update_if_asked() {
    static UPDATED: Once = Once::new();
    if env::var_os("UPDATE_DOCS").is_some() {
        // By force: if it fails, both tests say why.
        UPDATED.call_once_force(|_| update());
    }
}

/// Brings the listings in step with their files, and the Chinese pages' code with the English ones'.
fn update() {
    let save = |page: &Page, text: String| {
        if text != page.text {
            fs::write(workspace().join(&page.path), text).unwrap();
        }
    };
    for page in pages::all() {
        match listings::updated(&page) {
            Err(finding) => assert_none(&[finding]),
            Ok(text) => save(&page, text),
        }
    }
    for chinese in pages::chinese() {
        if let Ok(english) = Page::open(&pages::en().join(chinese.name())) {
            save(&chinese, twins::updated(&english, &chinese));
        }
    }
}

#[test]
fn nothing_on_a_page_escapes_the_checks() {
    check_all(&pages::all(), form::check);
}

#[test]
fn no_page_uses_a_word_that_is_forbidden() {
    let words = words::forbidden();
    let mut pages = pages::all();
    pages.retain(|page| !pages::is_old(page));
    check_all(&pages, |page| words::check(page, &words));
}

#[test]
fn chapters_have_what_a_chapter_has() {
    check_all(&pages::english(), form::check_chapter);
    check_all(&pages::chinese(), form::check_chapter);
}

#[test]
fn links_and_anchors_lead_somewhere() {
    check_all(&pages::all(), links::check);
}

#[test]
fn line_tables_quote_their_files() {
    check_all(&pages::all(), line_tables::check);
}

#[test]
fn python_snippets_run() {
    each_english(snippets::check_python);
}

#[test]
fn transcripts_are_what_happens() {
    artifacts();
    each_english(|page| play::check(page).into_iter().collect());
}

#[test]
fn transcripts_of_other_pages_are_what_happens() {
    artifacts();
    let mut pages = pages::all();
    pages.retain(|page| !pages::is_of_the_course(page) && !pages::is_for_maintainers(page));
    check_all(&pages, |page| play::check(page).into_iter().collect());
}

#[test]
fn the_book_lists_every_page() {
    let summary = Page::open(Path::new("docs/SUMMARY.md")).unwrap();
    assert_none(&summary::check(
        &summary,
        &pages::below(Path::new("docs")).unwrap(),
    ));
}

#[test]
fn the_front_page_lists_every_page_of_the_course() {
    let front = Page::open(Path::new("docs/README.md")).unwrap();
    for folder in [pages::en(), pages::zh()] {
        assert_none(&summary::check(&front, &pages::below(folder).unwrap()));
    }
}

#[test]
fn the_list_of_pages_finds_every_file() {
    let found = pages::below(Path::new("docs")).unwrap();
    assert!(found.contains(&PathBuf::from("docs/dev/architecture.md")));
    assert!(
        pages::all()
            .iter()
            .any(|page| page.path == Path::new("README.md"))
    );
}

#[test]
fn every_english_page_is_in_the_list_of_pages() {
    let listed: BTreeSet<_> = pages::ENGLISH
        .iter()
        .map(|file| pages::en().join(file))
        .collect();
    let there: BTreeSet<_> = pages::below(pages::en()).unwrap().into_iter().collect();
    assert_eq!(listed, there, "the list is in tests/src/docs/pages.rs");
}

#[test]
fn both_languages_are_in_step() {
    update_if_asked();
    let mut findings = Vec::new();
    for english in pages::english() {
        let path = pages::zh().join(english.name());
        let is_awaited = pages::is_awaited(&path);
        match Page::open(&path) {
            Ok(_) if is_awaited => findings.push(Finding::new(
                &path,
                1,
                "is there, so it is UNTRANSLATED no longer (tests/src/docs/pages.rs)",
            )),
            Ok(chinese) => findings.extend(twins::check(&english, &chinese)),
            Err(_) if is_awaited => skip(&path.display().to_string(), "it is not written yet"),
            Err(why) => findings.push(Finding::new(&path, 1, format!("cannot be read: {why}"))),
        }
    }
    for path in pages::below(pages::zh()).unwrap_or_default() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !pages::ENGLISH.contains(&name) {
            findings.push(Finding::new(
                &path,
                1,
                "there is no English page of that name",
            ));
        }
    }
    assert_none(&findings);
}

/// A program that no transcript plays is a program that nobody tests.
#[test]
fn every_program_of_the_gallery_is_played() {
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
