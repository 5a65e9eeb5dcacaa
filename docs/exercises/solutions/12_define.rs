//! A solution of exercise 12: a client for DICT that looks a word up.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, word] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT WORD"));
    };
    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    read_line(&mut server)?; // 220: the server is ready
    ask(&mut server, &format!("DEFINE * {word}"))?;
    definitions(&mut server)?;
    ask(&mut server, "QUIT")
}

/// Reads the reply to DEFINE, and prints the lines of the definitions.
fn definitions(server: &mut BufReader<TcpStream>) -> io::Result<()> {
    let first = read_line(server)?;
    if first.starts_with("552") {
        return Ok(());
    }
    if !first.starts_with("150") {
        return Err(io::Error::other(first));
    }
    loop {
        let line = read_line(server)?;
        match line.get(..3) {
            Some("250") => return Ok(()),
            Some("151") => print_text(server)?,
            _ => return Err(io::Error::other(line)),
        }
    }
}

/// Prints the lines of a text, up to the line that is a dot.
fn print_text(server: &mut BufReader<TcpStream>) -> io::Result<()> {
    loop {
        let line = read_line(server)?;
        if line == "." {
            return Ok(());
        }
        println!("{}", line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Sends a command.
fn ask(server: &mut BufReader<TcpStream>, command: &str) -> io::Result<()> {
    let line = format!("{command}\r\n");
    server.get_mut().write_all(line.as_bytes())
}

/// Reads a line, without its line end. The end of the stream is an error.
fn read_line(server: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    server.read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
