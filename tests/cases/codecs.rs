//! Compares the codecs of `proto` with Python's `json`, `struct`, `hashlib` and `hmac`.

mod documents;
mod hashes;
mod headers;
mod json;
mod numbers;
mod sessions;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use cross_process::process::Process;
use cross_process::python;

/// Far more than the few seconds that the longest of these tests takes.
const LONG: Duration = Duration::from_secs(60);

/// Sends the questions to one Python process, one per line, and returns its answers. `None` if
/// there is no Python.
#[track_caller]
fn python_says(what: &str, questions: &[String]) -> Option<Vec<String>> {
    let mut command = python::command(what)?;
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/codecs/oracle.py"));
    let mut python = Process::spawn(command);
    python.send((questions.join("\n") + "\n").as_bytes());
    let finished = python.finish(LONG);
    let stderr = String::from_utf8_lossy(&finished.stderr);
    assert!(finished.status.success() && stderr.is_empty(), "{stderr}");
    let answers = String::from_utf8(finished.stdout).unwrap();
    let answers: Vec<String> = answers.split('\n').map(str::to_owned).collect();
    let (last, answers) = answers.split_last().unwrap();
    assert_eq!((last.as_str(), answers.len()), ("", questions.len()));
    Some(answers.to_vec())
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    let mut digits = String::new();
    for byte in bytes.as_ref() {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}
