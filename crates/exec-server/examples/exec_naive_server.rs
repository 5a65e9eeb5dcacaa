//! Runs each command that it receives and sends its output, without marking where it ends.
//!
//! ```text
//! cargo run -p exec-server --example exec_naive_server [PORT]
//! cargo run -p exec-client --example exec_naive_client [PORT]
//! ```
//!
//! It runs whatever any program on this machine sends, a web page in a browser included: start it
//! for a lesson, and stop it afterwards. The exec-server tool authenticates its clients.
//!
//! Try it: a command with more than 1024 bytes of output (`ps -ef`), then another one (`date`),
//! which is "answered" with the rest of the first: a sticky packet. `length_server` and
//! `header_server` mark the end in two ways. Then a command that writes nothing (`true`): no bytes,
//! so no answer.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

#[cfg(unix)]
fn shell(cmd: &[u8]) -> Command {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(OsStr::from_bytes(cmd));
    shell
}

#[cfg(windows)]
fn shell(cmd: &[u8]) -> Command {
    use std::os::windows::process::CommandExt;
    let cmd = String::from_utf8_lossy(cmd);
    let mut shell = Command::new("cmd");
    shell.raw_arg(format!("/D /S /C \"{cmd}\""));
    shell
}

fn serve(mut conn: TcpStream) -> io::Result<()> {
    loop {
        // A longer command arrives as two; two quick ones may arrive as one.
        let mut buf = [0; 1024];
        let length = conn.read(&mut buf)?;
        if length == 0 {
            return Ok(());
        }
        let cmd = &buf[..length];
        println!("cmd: b'{}'", cmd.escape_ascii());
        let done = shell(cmd).stdin(Stdio::null()).output()?;
        conn.write_all(&done.stdout)?;
        conn.write_all(&done.stderr)?;
    }
}

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());

    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    loop {
        let (conn, client_addr) = server.accept()?;
        // A client that resets its connection, or sends a command with a zero byte, ends its own
        // connection, not this server.
        if let Err(why) = serve(conn) {
            println!("{client_addr} {why}");
        }
    }
}
