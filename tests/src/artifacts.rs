//! Builds the workspace's tools and examples, and finds them.
//!
//! Cargo builds a package's own binaries for its tests, but not those of other packages, so `cargo
//! test -p cross-process` alone would find none, or old ones. So this runs a nested `cargo build`:
//! Cargo no longer locks the target folder when it runs tests, and nothing is left to build if the
//! outer command was for the whole workspace.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::Process;

/// Long enough for a full build on a slow machine.
const BUILD: Duration = Duration::from_secs(15 * 60);

/// The programs of the workspace.
#[derive(Debug, Default)]
pub struct Artifacts {
    tools: BTreeMap<String, PathBuf>,
    examples: BTreeMap<String, PathBuf>,
    /// What this build compiled because it was missing or out of date.
    pub compiled: Vec<String>,
}

/// The programs of the workspace, built when first asked for.
pub fn artifacts() -> &'static Artifacts {
    static ARTIFACTS: OnceLock<Artifacts> = OnceLock::new();
    ARTIFACTS.get_or_init(Artifacts::build)
}

/// The top folder of the workspace.
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

impl Artifacts {
    /// Builds all tools and examples, in the target folder and the profile of the running test.
    pub fn build() -> Self {
        let mut build = Process::spawn(cargo_build());
        let built = build.finish(BUILD);
        if !built.status.success() {
            panic!(
                "the tools and examples do not build\n{}",
                String::from_utf8_lossy(&built.stderr)
            );
        }
        let mut artifacts = Self::default();
        for message in String::from_utf8_lossy(&built.stdout).lines() {
            artifacts.add(message);
        }
        artifacts
    }

    /// The path of a tool.
    #[track_caller]
    pub fn tool(&self, name: &str) -> &Path {
        find(&self.tools, "tool", name)
    }

    /// The path of a Rust example.
    #[track_caller]
    pub fn example(&self, name: &str) -> &Path {
        find(&self.examples, "example", name)
    }

    /// Adds the program of one Cargo message. A message is one line of JSON, without spaces and
    /// with these keys in a fixed order, so it needs no parser.
    fn add(&mut self, message: &str) {
        if !message.starts_with(r#"{"reason":"compiler-artifact""#) {
            return;
        }
        let Some(name) = text_after(message, r#""name":""#) else {
            return;
        };
        if message.contains(r#""fresh":false"#) {
            self.compiled.push(name.to_owned());
        }
        let Some(path) = text_after(message, r#""executable":""#) else {
            return;
        };
        assert!(!path.contains('\\'), "a path with escapes in it: {path}");
        let programs = if message.contains(r#""kind":["example"]"#) {
            &mut self.examples
        } else {
            &mut self.tools
        };
        programs.insert(name.to_owned(), path.into());
    }
}

fn cargo_build() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .current_dir(workspace())
        .args(["build", "--workspace", "--bins", "--examples"])
        .args(["--message-format", "json-render-diagnostics"]);

    // target/PROFILE/deps/this-test or target/PROFILE/learn; with --target,
    // target/TRIPLE/PROFILE/...
    let Ok(this_test) = env::current_exe() else {
        panic!("cannot find the running test itself");
    };
    // Cargo keeps this file in every target folder, even in one that it did not create.
    let is_target = |folder: &&Path| folder.join(".rustc_info.json").is_file();
    let Some(target) = this_test.ancestors().find(is_target) else {
        panic!("{} is in no target folder", this_test.display());
    };
    build.arg("--target-dir").arg(target);
    let inside = this_test.strip_prefix(target).unwrap_or(&this_test);
    let folders = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned());
    let mut folders: Vec<String> = folders.filter(|folder| folder != "deps").collect();
    folders.pop();
    let profile = match &folders[..] {
        [profile] => profile,
        [triple, profile] => {
            build.args(["--target", triple]);
            profile
        }
        _ => panic!("{} is not where Cargo puts programs", this_test.display()),
    };
    build.args([
        "--profile",
        if profile == "debug" { "dev" } else { profile },
    ]);

    // Removes the variables that Cargo sets for this test's package. What a user sets (RUSTFLAGS,
    // CARGO_PROFILE_*, CARGO_INCREMENTAL, ...) stays: without it, Cargo would rebuild everything,
    // and again for the next outer command.
    let mine = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    for (name, _) in env::vars_os() {
        if mine
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            build.env_remove(name);
        }
    }
    build
}

/// The text between the first `start` and the next quote.
fn text_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(start)?;
    rest.split_once('"').map(|(text, _)| text)
}

#[track_caller]
fn find<'a>(programs: &'a BTreeMap<String, PathBuf>, kind: &str, name: &str) -> &'a Path {
    match programs.get(name) {
        Some(path) => path,
        None => panic!(
            "the workspace has no {kind} {name}; it has {:?}",
            programs.keys()
        ),
    }
}
