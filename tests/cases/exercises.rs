//! The exercises of the course. Each has a check, which plays real peers to a program and panics
//! with what it finds: the answer passes, and the untouched exercise does not.
//!
//! `cargo test -p cross-process exercise_03 -- --ignored` checks the reader's own.

mod banner;
mod last_to_leave;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cross_process::artifacts::{artifacts, workspace};

/// The line that a reader deletes when she begins; see [`assert_untouched`].
const UNTOUCHED: &str = "\n// untouched: delete this line when you begin\n";

/// The tests of one exercise: that the answer passes its check, that the reader's program does, and
/// what the check finds in the untouched exercise.
macro_rules! exercise {
    ($number:literal, $file:literal, $check:path, finds $finding:literal,
     $solution:ident, $exercise:ident, $untouched:ident) => {
        #[test]
        fn $solution() {
            $check(artifacts().example(concat!("solution_", $number)));
        }

        #[test]
        #[ignore = "yours to solve"]
        fn $exercise() {
            $check(artifacts().example(concat!("exercise_", $number)));
        }

        #[test]
        fn $untouched() {
            let file = concat!("docs/exercises/", $file);
            let program = artifacts().example(concat!("exercise_", $number));
            assert_untouched(file, program, $check, $finding);
        }
    };
}

exercise!(
    "03", "03_banner.rs", banner::check, finds "nobody listens",
    solution_03, exercise_03, untouched_03
);

exercise!(
    "04", "04_last_to_leave.rs", last_to_leave::check, finds "your server closed first",
    solution_04, exercise_04, untouched_04
);

/// A check that an empty program passes proves nothing, so it must find what the exercise leaves
/// out. Says nothing about an exercise that somebody has begun.
fn assert_untouched(file: &str, program: &Path, check: fn(&Path), finding: &str) {
    let source = fs::read_to_string(workspace().join(file)).unwrap();
    if !source.contains(UNTOUCHED) {
        return;
    }
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(program))) else {
        panic!("{file} passes its check; if you have solved it, delete its line{UNTOUCHED}");
    };
    let found = panic.downcast_ref::<String>().unwrap();
    assert!(found.contains(finding), "found something else: {found}");
}
