//! Tests the harness itself: a harness that cannot fail would make every other test worthless.

mod network;
mod processes;
mod servers;

use std::panic::{self, AssertUnwindSafe};
use std::process::Command;

use cross_process::artifacts::{Artifacts, artifacts};
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::temp::TempDir;

/// The panic message of `fails`, which must panic.
fn message_of(fails: impl FnOnce()) -> String {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(fails)) else {
        panic!("it should have failed");
    };
    *payload.downcast::<String>().unwrap_or_default()
}

#[test]
fn a_second_build_has_nothing_to_build() {
    artifacts();
    let again = Artifacts::build();
    assert!(
        again.compiled.is_empty(),
        "built anew: {:?}",
        again.compiled
    );
}

#[test]
fn a_folder_is_private_and_removed_with_its_content() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new();
    let path = folder.path().to_owned();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::write(folder.join("file"), "").unwrap();
    drop(folder);
    assert!(!path.exists());
}

#[test]
fn the_path_of_a_folder_needs_no_quotes() {
    let folder = TempDir::new();
    let name = folder.path().to_str().unwrap();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    assert!(name.chars().all(is_plain) && name.len() < 80, "{name}");
}

/// Even if `TMPDIR` has such a path.
#[test]
fn the_path_of_a_folder_needs_no_quotes_whatever_tmpdir_is() {
    let place = TempDir::new();
    let odd = place.join("two words 中文");
    std::fs::create_dir(&odd).unwrap();
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests
        .args(["--exact", "harness::the_path_of_a_folder_needs_no_quotes"])
        .env("TMPDIR", odd);
    let done = Process::spawn(tests).finish(SOON);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("1 passed"), "{said}");
}

/// A killed run leaves its folders, and we may have its process ID.
#[test]
fn a_folder_of_a_killed_run_does_no_harm() {
    let place = TempDir::new();
    let mut tests = Command::new("/bin/sh");
    tests
        .args([
            "-c",
            "mkdir \"$TMPDIR/dialtone-$$-0\" && exec \"$0\" \"$@\"",
        ])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "harness::a_folder_is_private_and_removed_with_its_content",
        ])
        .env("TMPDIR", place.path());
    let done = Process::spawn(tests).finish(SOON);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("1 passed"), "{said}");
}
