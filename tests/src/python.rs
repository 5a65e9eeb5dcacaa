//! The Python interpreter, or the skip where there is none.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// A command that runs Python with nothing but its standard library, so that nobody's own settings
/// change what a script does. `None`, with a line on standard error that names `what` is skipped,
/// where there is no python3.
///
/// # Panics
///
/// If there is no python3 and the environment has `CI=true`: a gate must not pass by skipping.
pub fn command(what: &str) -> Option<Command> {
    static INTERPRETER: OnceLock<Option<Box<Path>>> = OnceLock::new();
    if let Some(python) = INTERPRETER.get_or_init(find) {
        let mut command = Command::new(&**python);
        command.args(["-I", "-X", "utf8"]);
        return Some(command);
    }
    assert!(
        env::var_os("CI").is_none_or(|ci| ci != "true"),
        "there is no python3 for {what}, and CI=true does not allow to skip it"
    );
    // Not eprintln!, which the test runner captures and then does not show for a test that passes.
    let _ = writeln!(io::stderr(), "SKIPPED (no python3): {what}");
    None
}

/// The interpreter itself: `python3` on the path is often a script that looks for it each time.
fn find() -> Option<Box<Path>> {
    let script = "import sys; sys.stdout.write(sys.executable)";
    let found = Command::new("python3").args(["-c", script]).output().ok()?;
    let path = Path::new(OsStr::from_bytes(&found.stdout));
    path.is_file().then(|| path.into())
}
