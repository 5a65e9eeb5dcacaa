//! The exercises of the course, and the checks that tell a learner how far she is.
//!
//! Each check is one function, which runs a program against real peers and panics with a sentence
//! for whoever wrote it. It is run with the answer, which must pass; with the exercise as we hand
//! it out, which must fail in the way that the chapter promises; and, when a learner asks for it
//! (`-- --ignored`), with the exercise as she has it now.

use std::any::Any;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use cross_process::artifacts::{artifacts, workspace};
use cross_process::skip::skip_outside_ci;

mod answer;
mod ask;
mod banner;
mod cap;
mod define;
mod digits_with_an_end;
mod distrust;
mod last_to_leave;
mod lines;
mod on_demand;
mod three_pipes;
mod who_calls;
mod whole_reply;

/// Makes the three tests of an exercise. `says` is a piece of what its check says of the exercise
/// as we hand it out.
macro_rules! exercise {
    ($check:path, $file:literal says $says:literal: $exercise:ident $solution:ident $untouched:ident) => {
        #[test]
        #[ignore = "yours to solve"]
        fn $exercise() {
            $check(artifacts().example(stringify!($exercise)));
        }

        #[test]
        fn $solution() {
            $check(artifacts().example(stringify!($solution)));
        }

        #[test]
        fn $untouched() {
            assert_fails_untouched(stringify!($exercise), $file, $check, $says);
        }
    };
}

exercise!(who_calls::check, "01_who_calls.rs"
    says "hung up without a word": exercise_01 solution_01 untouched_01);
exercise!(whole_reply::check, "02_whole_reply.rs"
    says "of the 5000 bytes": exercise_02 solution_02 untouched_02);
exercise!(banner::check, "03_banner.rs"
    says "nobody listens": exercise_03 solution_03 untouched_03);
exercise!(last_to_leave::check, "04_last_to_leave.rs"
    says "your server closed first": exercise_04 solution_04 untouched_04);
exercise!(three_pipes::check, "05_three_pipes.rs"
    says "does not read its input": exercise_05 solution_05 untouched_05);
exercise!(lines::check, "06_lines.rs"
    says "should answer \"[hello]\\n\"": exercise_06 solution_06 untouched_06);
exercise!(digits_with_an_end::check, "07_digits_with_an_end.rs"
    says "byte by byte": exercise_07 solution_07 untouched_07);
exercise!(distrust::check, "08_distrust.rs"
    says "byte by byte": exercise_08 solution_08 untouched_08);
exercise!(ask::check, "09_ask.rs"
    says "a stranger sends": exercise_09 solution_09 untouched_09);
exercise!(cap::check, "10_cap.rs"
    says "a fourth client is served": exercise_10 solution_10 untouched_10);
exercise!(on_demand::check, "11_on_demand.rs"
    says "the listener that is its standard input": exercise_11 solution_11 untouched_11);

exercise!(define::check, "12_define.rs"
    says "there is one definition: your client should print \"a bird\\n\"": exercise_12 solution_12 untouched_12);

/// What stands in an exercise where a learner has not begun.
const MARK: &str = "// YOURS";

#[track_caller]
fn assert_fails_untouched(name: &str, file: &str, check: fn(&Path), says: &str) {
    let source = fs::read_to_string(workspace().join("docs/exercises").join(file)).unwrap();
    if !source.contains(MARK) {
        skip_outside_ci(&format!("docs/exercises/{file}"), "it has been worked on");
        return;
    }
    let program = artifacts().example(name);
    match panic::catch_unwind(AssertUnwindSafe(|| check(program))) {
        Ok(()) => panic!("{file} passes as it is, so its check proves nothing"),
        Err(why) => {
            let why = text_of(&*why);
            assert!(
                why.contains(says),
                "{file} fails, but not with {says:?}: {why}"
            );
        }
    }
}

fn text_of(why: &(dyn Any + Send)) -> &str {
    match why.downcast_ref::<String>() {
        Some(text) => text,
        None => why.downcast_ref::<&str>().copied().unwrap_or_default(),
    }
}

#[test]
fn every_exercise_has_an_answer_a_check_and_a_chapter() {
    let checks = include_str!("exercises.rs");
    let manifest = include_str!("../Cargo.toml");
    let folder = workspace().join("docs/exercises");
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".rs"));
        names.sort();
        names
    };
    let exercises = names(&folder);
    assert_eq!(exercises, names(&folder.join("solutions")));
    for file in exercises {
        let number = &file[..2];
        assert!(
            checks.contains(&format!("\"{file}\"")),
            "{file} has no check"
        );
        for entry in [
            format!("name = \"exercise_{number}\"\npath = \"../docs/exercises/{file}\""),
            format!("name = \"solution_{number}\"\npath = \"../docs/exercises/solutions/{file}\""),
        ] {
            assert!(manifest.contains(&entry), "tests/Cargo.toml has no {entry}");
        }
        let chapters = fs::read_dir(workspace().join("docs/en")).unwrap();
        let mut texts = chapters.map(|page| fs::read_to_string(page.unwrap().path()).unwrap());
        let path = format!("docs/exercises/{file}");
        assert!(
            texts.any(|text| text.contains(&path)),
            "no chapter names {path}"
        );
    }
}
