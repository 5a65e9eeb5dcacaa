//! The Python interpreter, or the skip if there is none.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::skip::skip_outside_ci;

/// A command that runs Python with its standard library only. The user's settings do not change
/// what a script does, and Python writes no cache files. `None`, with a line on standard error that
/// `what` is skipped, if there is no python3.
///
/// # Panics
///
/// If there is no python3 and the environment has `CI=true`: CI must not pass by skipping.
pub fn command(what: &str) -> Option<Command> {
    static INTERPRETER: OnceLock<Option<Box<Path>>> = OnceLock::new();
    if let Some(python) = INTERPRETER.get_or_init(find) {
        let mut command = Command::new(&**python);
        command.args(["-I", "-B", "-X", "utf8"]);
        return Some(command);
    }
    skip_outside_ci(what, "no python3");
    None
}

/// The interpreter itself: `python3` on the path is often a script that searches for it each time.
fn find() -> Option<Box<Path>> {
    let script = "import sys; sys.stdout.write(sys.executable)";
    let found = Command::new("python3").args(["-c", script]).output().ok()?;
    let path = Path::new(OsStr::from_bytes(&found.stdout));
    path.is_file().then(|| path.into())
}
