//! Reports skipped tests, so that a skip is not taken for a pass.

use std::env;
use std::io::{self, Write};

/// Writes to the real standard error that a test, or a part of one, was skipped.
pub fn skip(what: &str, why: &str) {
    // Not `eprintln!`: the test runner captures that and does not show it for a test that passes.
    let _ = writeln!(io::stderr(), "SKIPPED ({why}): {what}");
}

/// Skips a test because a program is missing, which CI must have.
///
/// # Panics
///
/// If the environment has `CI=true`: CI must not pass by skipping.
#[track_caller]
pub fn skip_outside_ci(what: &str, why: &str) {
    assert!(
        env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{why}, and CI=true does not allow to skip {what}"
    );
    skip(what, why);
}
