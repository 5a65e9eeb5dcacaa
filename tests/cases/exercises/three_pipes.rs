//! Exercise 5: commands that do with their three pipes what they like.

use std::path::Path;
use std::process::{Command, Output};

use cross_process::deadline::SOON;
use cross_process::process::Process;

/// Has the program run them.
pub fn check(program: &Path) {
    let run = |command: &str, input: &[u8]| {
        let mut process = Command::new(program);
        process.arg(command);
        let mut process = Process::spawn(process);
        process.send(input);
        process.close_stdin();
        if process
            .stdout
            .wait(SOON, |_, ended| ended.then_some(()))
            .is_none()
        {
            process.fail(&format!(
                "{} bytes of input for {command:?}: your program does not end. Who waits for whom?",
                input.len()
            ));
        }
        process.finish(SOON)
    };

    let done = run("tr a-z A-Z; echo to stderr >&2; exit 3", b"hello");
    assert_done(&done, b"HELLO", b"to stderr\n", 3, "a few bytes of input");

    let much = b"0123456789abcdef".repeat(64 * 1024);
    let done = run("exit 4", &much);
    assert_done(&done, b"", b"", 4, "the command does not read its input");

    let done = run("head -c 5; exit 5", &much);
    assert_done(
        &done,
        b"01234",
        b"",
        5,
        "the command reads a part of its input",
    );

    let done = run("cat", &much);
    assert_done(
        &done,
        &much,
        b"",
        0,
        "1 MiB goes in, and the same comes out",
    );

    let done = run("cat >&2; echo out", &much);
    assert_done(
        &done,
        b"out\n",
        &much,
        0,
        "1 MiB goes in, and out by stderr",
    );

    let done = run("cat", b"\xff\0\n\xe5");
    assert_done(&done, b"\xff\0\n\xe5", b"", 0, "the input is not text");

    let done = run("echo before; kill -9 $$", b"");
    assert_done(&done, b"before\n", b"", 137, "signal 9 ends the command");
}

#[track_caller]
fn assert_done(done: &Output, stdout: &[u8], stderr: &[u8], status: i32, what: &str) {
    let code = done.status.code();
    assert!(
        code == Some(status),
        "{what}: your program should end with status {status}, but it ends with {code:?}; its \
         stderr begins with \"{}\"",
        shown(&done.stderr)
    );
    for (name, came, expected) in [
        ("stdout", &done.stdout[..], stdout),
        ("stderr", &done.stderr[..], stderr),
    ] {
        assert!(
            came == expected,
            "{what}: {name} should be the command's, {} bytes, \"{}\", but it has {} bytes, \"{}\"",
            expected.len(),
            shown(expected),
            came.len(),
            shown(came)
        );
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(99)].escape_ascii().to_string()
}
