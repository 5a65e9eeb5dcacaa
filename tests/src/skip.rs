//! Says what is left out, so that nobody takes a skip for a pass.

use std::env;
use std::io::{self, Write};

/// Says on the real standard error that a test, or a part of one, was skipped.
pub fn skip(what: &str, why: &str) {
    // Not eprintln!, which the test runner captures and then does not show for a test that passes.
    let _ = writeln!(io::stderr(), "SKIPPED ({why}): {what}");
}

/// Skips what a gate has to try, for want of a program that the gate has to have.
///
/// # Panics
///
/// If the environment has `CI=true`: a gate must not pass by skipping.
#[track_caller]
pub fn skip_outside_ci(what: &str, why: &str) {
    assert!(
        env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{why}, and CI=true does not allow to skip {what}"
    );
    skip(what, why);
}
