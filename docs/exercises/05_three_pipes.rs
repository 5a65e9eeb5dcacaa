//! Exercise 5: runs a command, gives it input, and passes on its output, its errors and its status
//!
//! ```text
//! cargo learn run 5 'tr a-z A-Z' < FILE
//! cargo learn 5
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

/// Runs a command in the shell, with `input` as its standard input.
fn run(command: &str, input: Vec<u8>) -> io::Result<Output> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped());
    let mut child = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;

    // YOURS. The starting version handles the three pipes in turn, and each of them holds 64 KiB,
    // so it can deadlock.
    //
    // * A command need not read its input. Then write_all returns ErrorKind::BrokenPipe, and that
    //   is no failure.
    // * A command may write while it reads. What reads its output while you write its input? Use a
    //   thread: `thread::spawn(move || ...)`. It owns what it needs: `child.stdin.take()`, `input`.
    // * `child.wait_with_output()` reads both outputs at the same time.
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
