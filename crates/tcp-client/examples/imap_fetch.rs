//! Reads mail by IMAP4: the number of messages in the inbox, and the first message.
//!
//! ```text
//! cargo run -p tcp-client --example imap_fetch HOST PORT USER PASSWORD
//! ```
//!
//! With `PEEK`, and in a mailbox that is opened read-only, the message stays unread.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

type Server = BufReader<TcpStream>;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, user, password] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT USER PASSWORD"));
    };

    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    read_line(&mut server)?; // * OK, and who it is
    let password = password.replace('\\', r"\\").replace('"', "\\\"");
    command(&mut server, "a1", "CAPABILITY")?; // imaplib asks this first
    command(&mut server, "a2", &format!("LOGIN {user} \"{password}\""))?;
    let answers = command(&mut server, "a3", "EXAMINE INBOX")?; // SELECT, read-only
    let exists = |line: &str| Some(line.strip_prefix("* ")?.strip_suffix(" EXISTS")?.to_owned());
    let count = answers.iter().find_map(|(line, _)| exists(line));
    let count = count.ok_or(io::ErrorKind::InvalidData)?;
    println!("{count} messages");
    if count != "0" {
        for (_line, literal) in command(&mut server, "a4", "FETCH 1 (BODY.PEEK[])")? {
            io::stdout().write_all(&literal)?;
        }
    }
    command(&mut server, "a5", "LOGOUT")?;
    Ok(())
}

/// Sends a command after its tag, and reads up to the line with the same tag, which must be OK.
/// Returns each answer before that: its line, and the literals in it.
fn command(server: &mut Server, tag: &str, text: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let line = format!("{tag} {text}\r\n");
    server.get_mut().write_all(line.as_bytes())?;
    let mut answers = Vec::new();
    loop {
        let line = read_line(server)?;
        if line.starts_with(tag) {
            let ok = line.starts_with(&format!("{tag} OK"));
            return ok.then_some(answers).ok_or(io::Error::other(line));
        }
        let mut literal = Vec::new();
        let mut rest = line.clone();
        while let Some(length) = literal_length(&rest) {
            server.by_ref().take(length).read_to_end(&mut literal)?;
            rest = read_line(server)?; // the answer goes on after its literal
        }
        answers.push((line, literal));
    }
}

/// A line that ends in `{123}` is followed by 123 bytes of any value.
fn literal_length(line: &str) -> Option<u64> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// Reads a line, without its line end.
fn read_line(server: &mut Server) -> io::Result<String> {
    let mut line = Vec::new();
    server.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches('\r').to_owned())
}
