//! The dependency rules of the architecture page, checked on the sources as text.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `proto`: the modules that each may use, and words that must not occur in it.
const LAYERS: &[(&str, &[&str], &[&str])] = &[
    ("escape", &[], &["std::io", "std::net", "std::thread"]),
    ("errors", &[], &["std::net", "std::thread", "std::fs"]),
    ("sync", &[], &["std::net", "std::io", "std::fs"]),
    ("sys", &[], &["TcpStream", "std::thread", "std::process"]),
    ("limits", &[], &["std::net", "std::thread"]),
    ("pool", &["limits", "sync"], &["std::net", "std::fs"]),
    ("random", &["errors", "sys"], &["std::net", "std::thread"]),
    (
        "token",
        &["escape", "random", "errors", "sys"],
        &["std::net", "std::thread"],
    ),
    (
        "wire",
        &["escape", "errors"],
        &["std::net", "unix::net", "std::thread", "std::fs"],
    ),
    (
        "net",
        &["escape", "errors", "sync", "sys"],
        &["process::Command"],
    ),
    (
        "socketserver",
        &["escape", "errors", "limits", "net", "pool", "sync"],
        &["std::process"],
    ),
    (
        "cli",
        &["escape", "errors", "net", "sync", "sys"],
        &["TcpStream"],
    ),
    (
        "serving",
        &["escape", "errors", "cli", "net", "socketserver", "sync"],
        &["std::net"],
    ),
];
/// The only files that may contain code for one system. exec-server runs on Unix only.
const SYSTEMS: &[&str] = &[
    "crates/proto/src/lib.rs",
    "crates/proto/src/sys/",
    "crates/proto/src/net/mod.rs",
    "crates/proto/src/net/unix.rs",
    "crates/proto/src/token/",
    "crates/exec-server/",
];
/// Texts that mark code for one system.
const OF_A_SYSTEM: &[&str] = &["cfg(unix", "(windows", "target_os", "std::os::"];
/// Texts that only the command-line layer may contain.
const PRINTING: &[&str] = &[
    "println!",
    "print!(",
    "io::stdout()",
    "io::stderr()",
    "io::stdin()",
];
/// Texts that `exec-server`'s engine must not contain: it runs commands and knows no client.
const NOT_IN_ENGINE: &[&str] = &[
    "crate::",
    "std::net::Tcp",
    "std::net::Udp",
    "proto::net",
    "proto::wire",
    "proto::cli",
];
/// The modules that an example may use if its Python script imports the module named after it.
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

/// The files below a folder of the repository that have one of the endings, by path.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.insert(
                path.clone(),
                fs::read_to_string(root().join(&path)).unwrap(),
            );
        }
    }
    found
}

/// The code of the crates' sources, without comments and tests.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("tests.rs");
    let code = |text: String| {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = code.lines().map(|line| line.split("//").next().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    let all = files(folder, &[".rs"]).into_iter();
    all.filter(|(path, _)| path.contains("/src/") && !is_test(path))
        .map(|(path, text)| (path, code(text)))
        .collect()
}

/// The module path of a source file: `net::udp` for `crates/proto/src/net/udp.rs`.
fn module(path: &str) -> Vec<String> {
    let inside = path.split("/src/").nth(1).unwrap();
    let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let names = inside.split('/').map(str::to_owned);
    names
        .filter(|name| name != "lib" && name != "main" && name != "mod")
        .collect()
}

/// The paths after `crate::` or `super::` in a file, from the crate's root, with braces expanded.
fn named(code: &str, here: &[String]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (start, word) in code
        .match_indices("crate::")
        .chain(code.match_indices("super::"))
    {
        if word == "super::" && code[..start].ends_with("super::") {
            continue;
        }
        let mut base = here.to_vec();
        let mut rest = &code[start..];
        if let Some(tail) = rest.strip_prefix("crate::") {
            (base, rest) = (Vec::new(), tail);
        }
        while let Some(tail) = rest.strip_prefix("super::") {
            base.pop();
            rest = tail;
        }
        let list = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap(),
            None => rest
                .split([',', ';', '(', ' ', '<', '>', ')', '\n'])
                .next()
                .unwrap(),
        };
        for path in list.split(',') {
            let names = path.trim().split("::").map(str::to_owned);
            found.insert(base.iter().cloned().chain(names).collect());
        }
    }
    found
}

#[test]
fn layers_use_only_what_is_below_them() {
    for (path, code) in sources("crates/proto/src") {
        let Some(layer) = module(&path).first().cloned() else {
            continue;
        };
        let (_, allowed, forbidden) = LAYERS.iter().find(|(name, ..)| *name == layer).unwrap();
        for used in named(&code, &module(&path)) {
            let used = used[0].as_str();
            let is_layer = LAYERS.iter().any(|(name, ..)| *name == used);
            let may = !is_layer || used == layer || allowed.contains(&used);
            assert!(may, "{path} uses crate::{used}");
        }
        for word in *forbidden {
            assert!(!code.contains(word), "{path} mentions {word}");
        }
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    for name in fs::read_dir(root().join("crates")).unwrap() {
        let folder = format!("crates/{}", name.unwrap().file_name().to_string_lossy());
        let sources = sources(&folder);
        let modules: BTreeSet<_> = sources.keys().map(|path| module(path)).collect();
        // For each folder, which of its modules uses which, including their submodules.
        let mut uses: BTreeSet<(&[String], &String, String)> = BTreeSet::new();
        for here in &modules {
            let path = sources.keys().find(|path| module(path) == *here).unwrap();
            for there in named(&sources[path], here) {
                let same = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
                if same < here.len() && same < there.len() && modules.contains(&there[..=same]) {
                    uses.insert((&here[..same], &here[same], there[same].clone()));
                }
            }
        }
        // A module that uses no other remaining module is in no circle.
        while let Some(free) = uses.iter().find(|(folder, _, to)| {
            !uses
                .iter()
                .any(|(other, from, _)| other == folder && *from == to)
        }) {
            let free = free.clone();
            uses.remove(&free);
        }
        assert!(uses.is_empty(), "circles in {folder}: {uses:?}");
    }
}

#[test]
fn only_the_command_line_prints_and_the_engine_knows_no_client() {
    for (path, code) in sources("crates") {
        let printing = PRINTING
            .iter()
            .filter(|_| !path.contains("/proto/src/cli/"));
        let engine = path.contains("/exec-server/src/engine/");
        let outside = NOT_IN_ENGINE.iter().filter(|_| engine);
        for word in printing.chain(outside) {
            assert!(!code.contains(word), "{path} mentions {word}");
        }
        let is_root = path.ends_with("/main.rs") || path.ends_with("/lib.rs");
        let denies = code.contains("#![deny(clippy::print_stdout, clippy::print_stderr)]");
        assert!(!is_root || denies, "{path} does not deny printing");
    }
}

#[test]
fn code_for_one_system_is_in_a_few_files() {
    for (path, code) in sources("crates") {
        let may = SYSTEMS.iter().any(|place| path.starts_with(place));
        for word in OF_A_SYSTEM.iter().filter(|_| !may) {
            assert!(!code.contains(word), "{path} mentions {word}");
        }
    }
}

#[test]
fn manifests_name_our_crate_and_two_packages_for_tests() {
    for (path, text) in files(".", &["Cargo.toml"]) {
        let mut section = "";
        for line in text
            .lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            let name = line.split(['.', ' ', '=']).next().unwrap();
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies") {
                assert!(section.ends_with("dependencies]"), "{path}: {section}");
                assert!(PACKAGES.contains(&name), "{path}: {line}");
                let tool = path.starts_with("./crates/") && !path.contains("/proto/");
                let allowed = section != "[dependencies]" || tool && name == "proto";
                assert!(allowed || !path.starts_with("./crates/"), "{path}: {line}");
            }
            // Handlers run under `catch_unwind`, which such a profile turns into an abort.
            assert!(
                !(line.contains("panic") && line.contains("abort")),
                "{path}"
            );
        }
        if path.starts_with("./crates/") {
            assert!(text.contains("\n[lints]\nworkspace = true\n"), "{path}");
            let is_tool = !path.contains("/proto/");
            let library = root().join(path.replace("Cargo.toml", "src/lib.rs"));
            assert!(!is_tool || !library.exists(), "{path} has a library");
        }
    }
}

#[test]
fn an_example_uses_only_modules_that_its_python_script_imports() {
    for (path, code) in files("crates", &[".rs"]) {
        if !path.contains("/examples/") {
            continue;
        }
        let twin = fs::read_to_string(root().join(path.replace(".rs", ".py"))).unwrap();
        let uses = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for used in uses.flat_map(|line| line.split("proto::").skip(1)) {
            let imports = |(ours, module): &(&str, &str)| {
                used.starts_with(ours) && twin.contains(&format!("\nimport {module}\n"))
            };
            assert!(NAMESAKES.iter().any(imports), "{path} uses proto::{used}");
        }
    }
}

#[test]
fn there_is_one_exception_to_safe_rust_and_no_file_over_400_lines() {
    // Split, or the test would find this file itself.
    let unsafe_line = concat!("allow(unsafe", "_code)");
    let mut exceptions = Vec::new();
    for (path, text) in files(".", &[".rs"]) {
        assert!(
            !text.contains(concat!("extern \"", "C\"")),
            "{path} calls C"
        );
        exceptions.extend(text.matches(unsafe_line).map(|_| path.clone()));
        let lines = text.lines().count();
        assert!(lines <= 400, "{path} has {lines} lines");
    }
    let expected = ["./crates/proto/src/wire/sha256/accelerated.rs"];
    assert_eq!(exceptions, expected);
}
