//! Runs the Python snippets of a page.
//!
//! The Rust snippets are compiled and run by rustdoc, through the list in [`super::pages`].

use std::time::Duration;

use crate::deadline::{SOON, poll};
use crate::docs::listings::is_listing;
use crate::docs::page::Page;
use crate::process::Process;
use crate::python;

/// How long a snippet may take. It takes less than a second, unless the machine is very busy.
const AT_MOST: Duration = Duration::from_secs(30);

/// Runs each Python snippet of a page, and finds those that fail. Without Python it skips them with
/// a message.
pub fn check_python(page: &Page) -> Vec<String> {
    let mut findings = Vec::new();
    for fence in &page.fences {
        if fence.language != "python" || is_listing(fence) {
            continue;
        }
        let place = format!("{}:{}", page.path.display(), fence.line);
        let Some(mut command) = python::command(&place) else {
            continue;
        };
        command.args(["-c", &fence.text]);
        let mut process = Process::spawn(command);
        process.close_stdin();
        let ended = poll(AT_MOST, || (!process.is_running()).then_some(()));
        let problem = match ended {
            None => "does not end".to_owned(),
            Some(()) if process.wait_exit(SOON).success() => continue,
            Some(()) => {
                let _ = process.stderr.wait(SOON, |_, ended| ended.then_some(()));
                format!("fails:\n{}", process.stderr.text())
            }
        };
        findings.push(page.finding(fence.line, format!("this Python {problem}")));
    }
    findings
}
