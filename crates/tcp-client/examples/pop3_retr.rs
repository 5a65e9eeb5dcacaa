//! Fetches mail by POP3: the number of messages, and the first message.
//!
//! ```text
//! cargo run -p tcp-client --example pop3_retr HOST PORT USER PASSWORD
//! ```
//!
//! The mail stays on the server: only `DELE`, which this does not send, would remove it.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, user, password] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT USER PASSWORD"));
    };

    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    reply(&mut server)?;
    ask(&mut server, &format!("USER {user}"))?;
    ask(&mut server, &format!("PASS {password}"))?;
    let line = ask(&mut server, "STAT")?;
    let words: Vec<&str> = line.split(' ').collect();
    let [_ok, count, octets, ..] = words[..] else {
        return Err(io::Error::other(line));
    };
    println!("{count} messages, {octets} bytes");
    if count != "0" {
        ask(&mut server, "RETR 1")?;
        for line in text(&mut server)? {
            println!("{line}");
        }
    }
    ask(&mut server, "QUIT")?;
    Ok(())
}

/// Sends a command, and reads the reply to it.
fn ask(server: &mut BufReader<TcpStream>, command: &str) -> io::Result<String> {
    let line = format!("{command}\r\n");
    server.get_mut().write_all(line.as_bytes())?;
    reply(server)
}

/// Reads a line, without its line end.
fn read_line(server: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    server.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches('\r').to_owned())
}

/// Reads a status line: `+OK`, or else `-ERR` and the reason.
fn reply(server: &mut BufReader<TcpStream>) -> io::Result<String> {
    let line = read_line(server)?;
    if !line.starts_with("+OK") {
        return Err(io::Error::other(line));
    }
    Ok(line)
}

/// Reads the lines of a text, up to the lone dot. A line that begins with a dot has one dot more.
fn text(server: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let line = read_line(server)?;
        if line == "." {
            return Ok(lines);
        }
        lines.push(line.strip_prefix('.').unwrap_or(&line).to_owned());
    }
}
