//! A solution of exercise 5: runs a command, gives it input, and passes on its output, its errors
//! and its status.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output, Stdio};
use std::thread;

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

    // The end of the thread drops `stdin`, and that ends the input.
    let mut stdin = child.stdin.take().ok_or(ErrorKind::BrokenPipe)?;
    let feeder = thread::spawn(move || stdin.write_all(&input));
    let done = child.wait_with_output()?;
    match feeder.join() {
        Ok(Ok(())) => Ok(done),
        Ok(Err(why)) if why.kind() == ErrorKind::BrokenPipe => Ok(done), // it does not read all of it
        Ok(Err(why)) => Err(why),
        Err(_) => Err(io::Error::other(
            "the thread that feeds the command has panicked",
        )),
    }
}
