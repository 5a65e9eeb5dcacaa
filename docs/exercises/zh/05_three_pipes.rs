//! 练习 5：运行一条命令，给它输入，转交它的标准输出、标准错误和退出状态
//!
//! ```text
//! cargo learn run 5 'tr a-z A-Z' < FILE
//! cargo learn 5
//! ```
//!
//! 只需要改 `run`。程序的退出状态就是命令的退出状态；命令被信号结束时，是 128 加信号的编号。

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

/// 在 shell 里运行一条命令，`input` 是它的标准输入。
fn run(command: &str, input: Vec<u8>) -> io::Result<Output> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped());
    let mut child = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;

    // YOURS：这里由你来写。起始版本依次处理三个管道，每个管道只能放 64 KiB，所以可能死锁。
    //
    // * 命令不一定会读它的输入。那时 write_all 返回 ErrorKind::BrokenPipe，这不算失败。
    // * 命令可能边读边写。你写它的输入时，谁来读它的输出？用一个线程：
    //   `thread::spawn(move || ...)`。线程拥有它要用的东西：`child.stdin.take()` 和 `input`。
    // * `child.wait_with_output()` 同时读两个输出。
    let mut stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    stdin.write_all(&input)?;
    drop(stdin); // 输入到此结束
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
