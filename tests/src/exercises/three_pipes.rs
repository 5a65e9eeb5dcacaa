//! Exercise 5: commands that read and write their three pipes in different ways.

use std::path::Path;
use std::process::{Command, Output};

use crate::deadline::SOON;
use crate::process::Process;

/// Makes the program run them.
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
            process.fail(&say!(
                "{} bytes of input for {command:?}: your program does not end. Which side waits for \
                 which?",
                "{} 字节的输入给 {command:?}：你的程序不结束。谁在等谁？",
                input.len()
            ));
        }
        process.finish(SOON)
    };

    let done = run("tr a-z A-Z; echo to stderr >&2; exit 3", b"hello");
    assert_done(
        &done,
        b"HELLO",
        b"to stderr\n",
        3,
        &say!("a few bytes of input", "输入只有几个字节"),
    );

    let much = b"0123456789abcdef".repeat(64 * 1024);
    // It closes its input and stays, so that a failed write of the program has consequences.
    let done = run("exec <&-; sleep 0.2; exit 4", &much);
    assert_done(
        &done,
        b"",
        b"",
        4,
        &say!("the command does not read its input", "命令不读它的输入"),
    );

    let done = run("head -c 5; exit 5", &much);
    assert_done(
        &done,
        b"01234",
        b"",
        5,
        &say!(
            "the command reads a part of its input",
            "命令只读一部分输入"
        ),
    );

    let done = run("cat", &much);
    assert_done(
        &done,
        &much,
        b"",
        0,
        &say!(
            "1 MiB goes in, and the same comes out",
            "输入 1 MiB，原样输出"
        ),
    );

    let done = run("cat >&2; echo out", &much);
    assert_done(
        &done,
        b"out\n",
        &much,
        0,
        &say!(
            "1 MiB goes in, and out by stderr",
            "输入 1 MiB，从 stderr 输出"
        ),
    );

    let done = run("cat", b"\xff\0\n\xe5");
    assert_done(
        &done,
        b"\xff\0\n\xe5",
        b"",
        0,
        &say!("the input is not text", "输入不是文本"),
    );

    let done = run("echo before; kill -9 $$", b"");
    assert_done(
        &done,
        b"before\n",
        b"",
        137,
        &say!("signal 9 ends the command", "命令被信号 9 结束"),
    );
}

#[track_caller]
fn assert_done(done: &Output, stdout: &[u8], stderr: &[u8], status: i32, what: &str) {
    assert!(
        done.status.code() == Some(status),
        "{}",
        say!(
            "{what}: your program should end with status {status}, but its end is {}; its stderr \
             begins with \"{}\"",
            "{what}：你的程序应该以状态 {status} 结束，却是 {}；它的 stderr 开头是 \"{}\"",
            done.status,
            shown(&done.stderr)
        )
    );
    for (name, came, expected) in [
        ("stdout", &done.stdout[..], stdout),
        ("stderr", &done.stderr[..], stderr),
    ] {
        assert!(
            came == expected,
            "{}",
            say!(
                "{what}: {name} should be the command's, {} bytes, \"{}\", but it has {} bytes, \
                 \"{}\"",
                "{what}：{name} 应该和命令的一样，{} 字节，\"{}\"，却是 {} 字节，\"{}\"",
                expected.len(),
                shown(expected),
                came.len(),
                shown(came)
            )
        );
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(99)].escape_ascii().to_string()
}
