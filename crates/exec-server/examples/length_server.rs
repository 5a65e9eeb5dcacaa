//! Runs each command that it receives and says how long the answer is before it sends it.
//!
//! ```text
//! cargo run -p exec-server --example length_server [PORT]
//! cargo run -p exec-client --example length_client [PORT]
//! ```
//!
//! It runs whatever any program on this machine sends, a web page in a browser included: start it
//! for a lesson, end it after that. The exec-server tool is the one that asks who is calling.
//!
//! The length goes out as decimal digits, and nothing says where those end. So the client has to
//! answer `recv_ready` before the body follows, or the body's first digits could be taken for the
//! length's last: one more round trip for each command. `header_server.rs` does without.
//! Try it: `ls /nowhere`; `ls / /nowhere` (of which you do not see the error).

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
        // A longer command comes as two, two quick ones may come as one.
        let mut buf = [0; 1024];
        let length = conn.read(&mut buf)?;
        if length == 0 {
            return Ok(());
        }
        let cmd = &buf[..length];
        println!("cmd: b'{}'", cmd.escape_ascii());
        let done = shell(cmd).stdin(Stdio::null()).output()?;
        // Errors are lost where there is output, too.
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
        // A client that leaves without reading all, or a command with a zero byte in it, ends its
        // own connection, not this server.
        if let Err(why) = serve(conn) {
            println!("{client_addr} {why}");
        }
    }
}
