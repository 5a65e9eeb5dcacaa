//! Sends a mail by SMTP, with the message from standard input.
//!
//! ```text
//! cargo run -p tcp-client --example smtp_send HOST PORT FROM TO < MESSAGE
//! ```
//!
//! Try it: `printf 'Subject: hello\n\n.\nA lone dot is not the end.\n'` as the message.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, sender, recipient] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT FROM TO"));
    };

    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    reply(&mut server, "220")?;
    ask(&mut server, "EHLO [127.0.0.1]", "250")?; // our name, or our address in brackets
    ask(&mut server, &format!("MAIL FROM:<{sender}>"), "250")?;
    ask(&mut server, &format!("RCPT TO:<{recipient}>"), "25")?; // 250, or 251: it will be forwarded
    ask(&mut server, "DATA", "354")?;

    let mut message = Vec::new();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.starts_with(b".") {
            message.push(b'.'); // so that no line of the message is the lone dot that ends it
        }
        message.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(&line));
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b".\r\n");
    server.get_mut().write_all(&message)?;
    reply(&mut server, "250")?; // from here on the mail is the server's to deliver

    ask(&mut server, "QUIT", "221")
}

/// Sends a command, and reads the reply to it.
fn ask(server: &mut BufReader<TcpStream>, command: &str, code: &str) -> io::Result<()> {
    let line = format!("{command}\r\n");
    server.get_mut().write_all(line.as_bytes())?;
    reply(server, code)
}

/// Reads a reply, which must begin with this code. A line with `-` after its code is followed by
/// another one.
fn reply(server: &mut BufReader<TcpStream>, code: &str) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        server.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !line.starts_with(code.as_bytes()) {
            return Err(io::Error::other(String::from_utf8_lossy(&line).trim_end()));
        }
        if line.get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}
