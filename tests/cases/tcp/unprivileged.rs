//! Starts programs as a user without privileges, which needs root and util-linux.

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
    /// A folder that the user can enter but not write to.
    pub folder: TempDir,
    tool: PathBuf,
    /// The ID of the user and of the group.
    pub user: u32,
}

impl Unprivileged {
    /// Copies the tool to where every user can run it, because the folders above a target folder
    /// may be private. `None`, with a message about the skip, if programs cannot be started as
    /// another user.
    pub fn new(tool: &str, what: &str) -> Option<Self> {
        let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !root || !has("setpriv") || !has("prlimit") {
            skip(what, "it needs root, setpriv and prlimit");
            return None;
        }
        let folder = TempDir::new();
        let copy = folder.join(tool);
        // Copied by `cp`, not by this process: a child that another test forks meanwhile would hold
        // the copy open for writing, and such a file cannot be executed.
        let mut cp = Command::new("cp");
        let copied = cp.arg(artifacts().tool(tool)).arg(&copy).status();
        assert!(copied.unwrap().success(), "cannot copy {tool}");
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        Some(Self {
            folder,
            tool: copy,
            user: unused_user(),
        })
    }

    /// The tool with these arguments, started by that user.
    pub fn command(&self, words: &[&str]) -> Command {
        self.limited(&[], words)
    }

    /// The same, with a limit on the threads of all processes of that user.
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

/// A user other than the one that runs the tests. Only root can give a file to another user.
pub fn another_user() -> u32 {
    fs::metadata("/proc/self").map_or(1, |own| own.uid() + 1)
}

/// A user ID that hardly any account has and no other test uses, because all processes of a user
/// count towards its limits.
fn unused_user() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = process::id() * 8 + COUNT.fetch_add(1, Ordering::Relaxed);
    20_000 + number % 40_000
}
