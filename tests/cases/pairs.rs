//! Every script of the lesson exists in both languages, in one folder.

use std::collections::BTreeSet;
use std::fs;

use cross_process::artifacts::{artifacts, workspace};
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::program::Program::{self, Python, Rust};

/// The examples of all crates with this extension, as `(crate, stem, text)`.
fn examples(ending: &str) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for package in fs::read_dir(workspace().join("crates")).unwrap() {
        let package = package.unwrap();
        let Ok(folder) = fs::read_dir(package.path().join("examples")) else {
            continue;
        };
        for file in folder {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == ending) {
                let package = package.file_name().into_string().unwrap();
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                found.insert((package, stem, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_rust_example_has_its_python_script_in_the_same_folder() {
    let names = |ending| -> BTreeSet<_> {
        let examples = examples(ending).into_iter();
        examples.map(|(package, stem, _)| (package, stem)).collect()
    };
    let (python, rust) = (names("py"), names("rs"));
    assert!(!rust.is_empty());
    assert!(
        rust.is_subset(&python),
        "alone: {:?}",
        rust.difference(&python)
    );
}

#[test]
fn every_example_shows_its_command_and_is_short() {
    for (package, stem, text) in examples("py") {
        let own = format!("\n    python3 crates/{package}/examples/{stem}.py");
        assert!(text.contains(&own), "{stem}.py does not say{own}");
        assert!(text.lines().count() <= 80, "{stem}.py is long");
    }
    for (package, stem, text) in examples("rs") {
        let own = format!("\n//! cargo run -p {package} --example {stem}");
        assert!(text.contains(&own), "{stem}.rs does not say{own}");
        assert!(text.lines().count() <= 80, "{stem}.rs is long");
    }
}

#[test]
fn every_command_in_an_example_exists() {
    let scripts: BTreeSet<String> = examples("py")
        .into_iter()
        .map(|(package, stem, _)| format!("crates/{package}/examples/{stem}.py"))
        .collect();
    for (_, stem, text) in examples("py") {
        for command in text
            .lines()
            .filter_map(|l| l.trim().strip_prefix("python3 "))
        {
            let script = command.split(' ').next().unwrap();
            // `python3 -m` runs a module of Python, not one of our scripts.
            let exists = script == "-m" || scripts.contains(script);
            assert!(exists, "{stem}.py: {command}");
        }
    }
    for (_, stem, text) in examples("rs") {
        for command in text
            .lines()
            .filter_map(|l| l.strip_prefix("//! cargo run -p "))
        {
            let words: Vec<&str> = command.split(' ').collect();
            let source = format!("crates/{}/examples/{}.rs", words[0], words[2]);
            assert!(workspace().join(source).is_file(), "{stem}.rs: {command}");
        }
    }
}

/// The output of a script that needs no peer.
fn output_of(program: Program) -> Option<String> {
    let mut process = Process::spawn(program.command(cross_process::net::ANY_PORT)?);
    let finished = process.finish(SOON);
    assert!(finished.status.success());
    Some(String::from_utf8(finished.stdout).unwrap())
}

#[test]
fn the_struct_scripts_print_the_same() {
    let rust = output_of(Rust("struct_header")).unwrap();
    let lines: Vec<&str> = rust.lines().collect();
    assert_eq!(lines[1], r"b'\xc6\x04\x00\x00' 4");
    assert_eq!(lines.len(), 6);

    let Some(python) = output_of(Python("struct_header")) else {
        return;
    };
    // The first line is an error, whose words differ.
    let (rust_error, rust_rest) = rust.split_once('\n').unwrap();
    let (python_error, python_rest) = python.split_once('\n').unwrap();
    assert!(rust_error.starts_with("refused: ") && python_error.starts_with("refused: "));
    assert_eq!(rust_rest, python_rest);
}

#[test]
fn the_nested_build_finds_examples_and_tools() {
    assert!(artifacts().example("tcp_server").is_file());
    assert!(artifacts().tool("tcp-server").is_file());
}
