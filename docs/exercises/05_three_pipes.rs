//! Exercise 5: runs a command, gives it input, and hands on its output, its errors and its status.
//!
//! ```text
//! echo hello | cargo run -q -p cross-process --example exercise_05 -- 'tr a-z A-Z'
//! cargo test -p cross-process exercise_05 -- --ignored
//! ```
//!
//! Only `run` is yours. The status is that of the command, or 128 and the signal that ended it.

use std::env;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output, Stdio};

fn main() -> io::Result<ExitCode> {
    let command = env::args().nth(1).unwrap_or_else(|| "cat".to_owned());
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input)?;
    let done = run(&command, input)?;
    io::stdout().write_all(&done.stdout)?;
    io::stderr().write_all(&done.stderr)?;
    let signal = done.status.signal().map(|number| 128 + number);
    let status = done.status.code().or(signal).unwrap_or(255);
    Ok(ExitCode::from(status as u8))
}

/// Runs a command by the shell, with this for its standard input.
fn run(command: &str, input: Vec<u8>) -> io::Result<Output> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped());
    let mut child = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;

    // YOURS. As it is, this serves one pipe after the other. There are three, and each holds 64 KiB.
    //
    // * A command need not read its input. Then write_all gives ErrorKind::BrokenPipe, and nothing
    //   is wrong.
    // * A command may write while it reads. Who reads its output while you write its input? The
    //   thread that does one of the two can own what it needs: `child.stdin.take()`, and `input`.
    // * Of the two outputs, `child.wait_with_output()` reads both at once.
    let mut stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    stdin.write_all(&input)?;
    drop(stdin); // the end of the input
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let (Some(mut errors), Some(mut output)) = (child.stderr.take(), child.stdout.take()) {
        errors.read_to_end(&mut stderr)?;
        output.read_to_end(&mut stdout)?;
    }
    let status = child.wait()?;
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}
