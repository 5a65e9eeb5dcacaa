//! Programs started by a user who may nothing: only root can do that, and only with util-linux.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use cross_process::artifacts::artifacts;
use cross_process::temp::TempDir;

use super::skip;

/// A tool that another user can start.
pub struct Unprivileged {
    /// A folder that the user can enter and not write to.
    pub folder: TempDir,
    tool: PathBuf,
    /// The user's number, and its group's.
    pub user: u32,
}

impl Unprivileged {
    /// Puts a copy of the tool where anybody can reach it: the folders above a target folder may
    /// well be private. `None`, with a word about the skip, where no other user can be had.
    pub fn new(tool: &str, what: &str) -> Option<Self> {
        let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !root || !has("setpriv") || !has("prlimit") {
            skip(what, "it needs root, setpriv and prlimit");
            return None;
        }
        let folder = TempDir::new();
        let copy = folder.join(tool);
        // Not by this process: what other tests start just then would hold the copy open for writing
        // for a moment, and nobody can start a program that somebody may write to.
        let mut cp = Command::new("cp");
        let copied = cp.arg(artifacts().tool(tool)).arg(&copy).status();
        assert!(copied.unwrap().success(), "cannot copy {tool}");
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        Some(Self {
            folder,
            tool: copy,
            user: nobody_else(),
        })
    }

    /// The tool with these words, started by that user.
    pub fn command(&self, words: &[&str]) -> Command {
        self.limited(&[], words)
    }

    /// The same, with at most so many threads for all processes of that user.
    pub fn with_threads(&self, most: usize, words: &[&str]) -> Command {
        self.limited(&["prlimit", &format!("--nproc={most}")], words)
    }

    fn limited(&self, by: &[&str], words: &[&str]) -> Command {
        let user = self.user.to_string();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", &user, "--regid", &user])
            .args([
                "--clear-groups",
                "--inh-caps=-all",
                "--bounding-set=-all",
                "--",
            ])
            .args(by)
            .arg(&self.tool)
            .args(words);
        command
    }
}

/// A user who is not the one that runs the tests. Only root can give somebody a file.
pub fn somebody_else() -> u32 {
    fs::metadata("/proc/self").map_or(1, |own| own.uid() + 1)
}

/// A user id that hardly any account has, and no other test at the same time: all processes of a user
/// count towards its limits.
fn nobody_else() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = process::id() * 8 + COUNT.fetch_add(1, Ordering::Relaxed);
    20_000 + number % 40_000
}
