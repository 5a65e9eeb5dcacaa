//! Runs each command that it receives, and sends the length of the answer before the answer.
//!
//! ```text
//! cargo run -p exec-server --example length_server [PORT]
//! cargo run -p exec-client --example length_client [PORT]
//! ```
//!
//! It runs whatever any program on this machine sends, a web page in a browser included: start it
//! for a lesson, and stop it afterwards. The exec-server tool authenticates its clients.
//!
//! The length is sent as decimal digits, and nothing marks their end. So the client must answer
//! `recv_ready` before the body follows, or it could take the body's first digits for the length's
//! last. That costs one more round trip for each command, which `header_server.rs` saves. Try it:
//! `ls /nowhere`; `ls / /nowhere` (of which you do not see the error).

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
        // Errors are lost if there is output.
        let body = if done.stdout.is_empty() {
            done.stderr
        } else {
            done.stdout
        };
        conn.write_all(body.len().to_string().as_bytes())?;
        let length = conn.read(&mut buf)?;
        if buf[..length] == *b"recv_ready" {
            conn.write_all(&body)?;
        }
    }
}

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8000".to_owned());

    let server = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);

    loop {
        let (conn, client_addr) = server.accept()?;
        // A client that closes without reading everything, or sends a command with a zero byte,
        // ends its own connection, not this server.
        if let Err(why) = serve(conn) {
            println!("{client_addr} {why}");
        }
    }
}
