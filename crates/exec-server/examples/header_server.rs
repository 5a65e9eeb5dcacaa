//! Runs each command that it receives; a header before the answer has the length of the answer.
//!
//! ```text
//! cargo run -p exec-server --example header_server [PORT]
//! cargo run -p exec-client --example header_client [PORT]
//! ```
//!
//! It runs whatever any program on this machine sends, a web page in a browser included: start it
//! for a lesson, and stop it afterwards. The exec-server tool authenticates its clients.
//!
//! The header is JSON and can hold any field. Its own length comes before it, always in four bytes,
//! so that the client knows where the length ends (`struct_header.rs`).

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use proto::wire::json::Value;
use proto::wire::pack::pack;

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
        let body = [done.stdout, done.stderr].concat();
        let header = Value::object([
            ("filename", "a.txt".into()),
            ("total_size", body.len().into()),
            ("hash", "not computed".into()),
        ]);
        let header_bytes = header.to_string().into_bytes();
        // "i" is a signed number in this machine's byte order; "<i" is always little-endian.
        let prefix = pack("i", header_bytes.len() as i64).map_err(io::Error::other)?;
        // One write: each of several small ones would wait for the client's acknowledgement.
        conn.write_all(&[&prefix, &header_bytes[..], &body].concat())?;
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
