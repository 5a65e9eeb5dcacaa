//! Programs started by a user who may nothing: only root can do that, and only with util-linux.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::Command;

use cross_process::artifacts::artifacts;
use cross_process::temp::TempDir;

use super::skip;

/// A user id that no account has, so that nobody else's processes count towards its limits.
const USER: &str = "54321";

/// A tool that another user can start.
pub struct Unprivileged {
    /// A folder that the user can enter and not write to.
    pub folder: TempDir,
    tool: PathBuf,
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
        fs::copy(artifacts().tool(tool), &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        Some(Self { folder, tool: copy })
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
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
            .args(["--inh-caps=-all", "--bounding-set=-all", "--"])
            .args(by)
            .arg(&self.tool)
            .args(words);
        command
    }
}
