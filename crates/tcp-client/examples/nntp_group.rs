//! Reads news by NNTP: the articles of a group, and the text of the last one.
//!
//! ```text
//! cargo run -p tcp-client --example nntp_group HOST PORT GROUP
//! ```

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, group] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT GROUP"));
    };

    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    reply(&mut server, "20")?; // 200 or 201: whether one may post here
    let line = ask(&mut server, &format!("GROUP {group}"), "211")?;
    let words: Vec<&str> = line.split(' ').collect();
    let [_, count, first, last, ..] = words[..] else {
        return Err(io::Error::other(line));
    };
    println!("{group}: {count} articles, {first} to {last}");
    if count != "0" {
        let number = |word: &str| word.parse::<u64>().map_err(io::Error::other);
        let from = number(first)?.max(number(last)?.saturating_sub(9));
        ask(&mut server, &format!("XOVER {from}-{last}"), "224")?;
        for line in text(&mut server)? {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            println!("{} {} {}", field(), field(), field()); // its number, subject and sender
        }
        ask(&mut server, &format!("BODY {last}"), "222")?;
        println!("{}", text(&mut server)?.join("\n"));
    }
    ask(&mut server, "QUIT", "205")?;
    Ok(())
}

/// Sends a command, and reads the reply to it.
fn ask(server: &mut BufReader<TcpStream>, command: &str, code: &str) -> io::Result<String> {
    let line = format!("{command}\r\n");
    server.get_mut().write_all(line.as_bytes())?;
    reply(server, code)
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

/// Reads a status line, which must begin with this code.
fn reply(server: &mut BufReader<TcpStream>, code: &str) -> io::Result<String> {
    let line = read_line(server)?;
    if !line.starts_with(code) {
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
