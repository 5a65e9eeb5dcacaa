//! Keeps the walls between the rooms of the house: who may know whom, and who may print.
//!
//! The architecture page says what the rooms are for. This reads the sources as text, so a new
//! file is under the rules as soon as it exists.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `proto`, each with the modules of the crate that it may use besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("escape", &[]),
    ("errors", &[]),
    ("sync", &[]),
    ("pool", &["sync"]),
    ("wire", &["escape", "errors"]),
    ("random", &["errors"]),
    ("token", &["random", "errors"]),
    ("net", &["escape", "errors", "sync"]),
    ("socketserver", &["escape", "errors", "net", "pool", "sync"]),
    ("cli", &["escape", "errors", "net", "sync"]),
    ("serving", &["errors", "cli", "net", "socketserver", "sync"]),
];

/// The functions of `errors` stand at the crate's root.
const ERRORS: &[&str] = &["is_timeout", "reason", "retry", "start_reason"];

/// What a layer must not mention, whoever gave it to it.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "net",
        &["std::process::Command", "stdin()", "stdout()", "stderr()"],
    ),
    (
        "socketserver",
        &["std::process", "stdin()", "stdout()", "stderr()"],
    ),
    (
        "wire",
        &[
            "std::net",
            "std::os::unix::net",
            "std::thread",
            "std::process",
            "std::fs",
        ],
    ),
    ("escape", &["std::io", "std::net", "std::thread"]),
    ("errors", &["std::net", "std::thread", "std::fs"]),
    ("random", &["std::net", "std::thread", "std::process"]),
    ("token", &["std::net", "std::os::unix::net", "std::thread"]),
];

/// What the learners' examples may use besides std, where the Python script imports the namesake.
const NAMESAKES: &[(&str, &str)] = &[
    ("net::", "socketserver"),
    ("socketserver::", "socketserver"),
    ("wire::json", "json"),
    ("wire::pack", "struct"),
];

/// The packages that a manifest may name; all but the first are for tests.
const PACKAGES: &[&str] = &["proto", "assert_cmd", "predicates"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `dir` with one of the endings, folders that are not ours left out.
fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// Where a file is, from the top of the repository, wherever that is.
fn within(path: &Path) -> String {
    let place = path.strip_prefix(root()).unwrap();
    place.to_string_lossy().into_owned()
}

/// The code of a file, without its comments and without its tests; of a file of tests, nothing.
fn code(path: &Path) -> String {
    let place = within(path);
    if place.contains("/tests/") || place.ends_with("tests.rs") {
        return String::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The files of one layer, which is a file or a folder.
fn layer_files(layer: &str) -> Vec<PathBuf> {
    let src = root().join("crates/proto/src");
    let file = src.join(format!("{layer}.rs"));
    if file.exists() {
        return vec![file];
    }
    files(&src.join(layer), &[".rs"])
}

/// The names that follow `root`, as `crate::` is one, in a text; with braces, each of those within.
fn used_modules(code: &str, root: &str) -> Vec<String> {
    let mut used = Vec::new();
    for rest in code.split(root).skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => rest,
        };
        for part in names.split(',') {
            let part = part.trim_start();
            let name: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            used.push(name);
            if !rest.starts_with('{') {
                break;
            }
        }
    }
    used
}

#[test]
fn every_module_of_the_library_has_its_place_in_the_layers() {
    let lib = fs::read_to_string(root().join("crates/proto/src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    // The tests' own are the harness's.
    let is_for_tests = |module: &str| lib.contains(&format!("/tests/src/{module}.rs\"]\n"));
    for module in modules.filter(|module| !is_for_tests(module)) {
        assert!(
            LAYERS.iter().any(|(name, _)| *name == module),
            "{module} is in no layer: give it one in this test and in the architecture page"
        );
    }
}

#[test]
fn arrows_point_down_only() {
    for (layer, allowed) in LAYERS {
        for file in layer_files(layer) {
            for used in used_modules(&code(&file), "crate::") {
                let used = match ERRORS.contains(&used.as_str()) {
                    true => "errors".to_owned(),
                    false => used,
                };
                assert!(
                    used == *layer || allowed.contains(&used.as_str()),
                    "{} uses crate::{used}; {layer} may use {allowed:?}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn no_layer_mentions_what_it_must_not_know() {
    for (layer, forbidden) in FORBIDDEN {
        for file in layer_files(layer) {
            let code = code(&file);
            for word in *forbidden {
                assert!(!code.contains(word), "{} mentions {word}", file.display());
            }
        }
    }
}

#[test]
fn only_the_command_line_layer_prints() {
    for crate_dir in fs::read_dir(root().join("crates")).unwrap() {
        for file in files(&crate_dir.unwrap().path(), &[".rs"]) {
            let path = within(&file);
            if !path.contains("/src/") || path.contains("/proto/src/cli/") {
                continue;
            }
            let code = code(&file);
            for word in [
                "println!",
                "print!(",
                "io::stdout()",
                "io::stderr()",
                "io::stdin()",
            ] {
                assert!(!code.contains(word), "{path} mentions {word}");
            }
            let is_root = path.ends_with("/src/main.rs") || path.ends_with("/proto/src/lib.rs");
            assert!(
                !is_root || code.contains("#![deny(clippy::print_stdout, clippy::print_stderr)]"),
                "{path} does not deny printing"
            );
        }
    }
}

#[test]
fn tools_are_programs_and_nothing_else() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let dir = entry.unwrap().path();
        let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
        if dir.ends_with("proto") {
            let needs = manifest.contains("\n[dependencies]") || manifest.contains("build =");
            assert!(!needs, "proto needs std alone");
            continue;
        }
        assert!(
            !dir.join("src/lib.rs").exists(),
            "{} is a library",
            dir.display()
        );
        let needs = manifest.split("[dependencies]\n").nth(1).unwrap();
        let needs = needs.split("\n\n").next().unwrap().trim();
        assert_eq!(needs, "proto.workspace = true", "{}", dir.display());
    }
}

#[test]
fn every_crate_is_under_the_lints_of_the_workspace() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let is_linted = text.contains("\n[lints]\nworkspace = true\n");
        assert!(is_linted, "{} has no lints", manifest.display());
    }
}

#[test]
fn no_manifest_names_a_package_but_ours_and_two_for_tests() {
    for file in files(&root(), &["Cargo.toml"]) {
        let text = fs::read_to_string(&file).unwrap();
        let mut within = false;
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.starts_with('[') {
                within = line.contains("dependencies");
                // A package with a section of its own.
                assert!(!within || line.ends_with("dependencies]"), "{line}");
            } else if within && !line.starts_with('#') {
                let name = line.split(['.', ' ', '=']).next().unwrap();
                assert!(PACKAGES.contains(&name), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn the_engine_knows_neither_sockets_nor_protocols() {
    for file in files(&root().join("crates/exec-server/src/engine"), &[".rs"]) {
        let code = code(&file);
        // Only a pair of sockets to its own guardian, which no client ever meets.
        for word in ["crate::", "std::net", "UnixListener"] {
            assert!(!code.contains(word), "{} mentions {word}", file.display());
        }
        for used in used_modules(&code, "proto::") {
            let allowed = ["escape", "pool", "sync"].contains(&used.as_str())
                || ERRORS.contains(&used.as_str());
            assert!(allowed, "{} uses proto::{used}", file.display());
        }
    }
}

#[test]
fn an_example_uses_only_what_its_twin_imports() {
    for file in files(&root().join("crates"), &[".rs"]) {
        if !file.parent().unwrap().ends_with("examples") {
            continue;
        }
        let python = fs::read_to_string(file.with_extension("py")).unwrap();
        for used in code(&file).split("proto::").skip(1) {
            let imports = |(ours, module): &&(&str, &str)| {
                used.starts_with(ours) && python.contains(&format!("\nimport {module}\n"))
            };
            let used = used.lines().next().unwrap();
            assert!(
                NAMESAKES.iter().any(|pair| imports(&pair)),
                "{} uses proto::{used} and its twin has no such module",
                file.display()
            );
        }
    }
}

#[test]
fn there_is_one_exception_to_safe_rust_and_none_to_std() {
    // In halves, or this file would be an exception itself.
    let exception = concat!("allow(unsafe", "_code)");
    let foreign = concat!("extern \"", "C\"");
    let mut exceptions = Vec::new();
    for file in files(&root(), &[".rs"]) {
        let code = fs::read_to_string(&file).unwrap();
        assert!(!code.contains(foreign), "{} calls C", file.display());
        exceptions.extend(code.matches(exception).map(|_| file.clone()));
    }
    let [one] = &exceptions[..] else {
        panic!("not one, but {exceptions:?}");
    };
    assert!(one.ends_with("wire/sha256/accelerated.rs"));
}

/// Handlers run under `catch_unwind`, which such a profile turns into an abort.
#[test]
fn no_profile_aborts_on_panic() {
    for file in files(&root(), &["Cargo.toml"]) {
        let text = fs::read_to_string(&file).unwrap();
        let settings = text.lines().filter(|line| !line.starts_with('#'));
        for line in settings {
            let aborts = line.contains("panic") && line.contains("abort");
            assert!(!aborts, "{}: {line}", file.display());
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_about_one_thing() {
    for file in files(&root(), &[".rs", ".py", ".sh"]) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}
