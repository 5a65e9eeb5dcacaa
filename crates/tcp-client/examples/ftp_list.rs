//! Lists a folder by FTP: commands over one connection, the list over a second one.
//!
//! ```text
//! cargo run -p tcp-client --example ftp_list HOST PORT USER PASSWORD
//! ```
//!
//! Try it: many servers accept the user `anonymous`, with an e-mail address as the password.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, user, password] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT USER PASSWORD"));
    };

    let mut control = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    reply(&mut control, "220")?;
    if ask(&mut control, &format!("USER {user}"), "")?.starts_with("331") {
        ask(&mut control, &format!("PASS {password}"), "230")?;
    }
    ask(&mut control, "TYPE A", "200")?; // text: lines end in CR LF

    let line = ask(&mut control, "PASV", "227")?;
    let data_port = passive_port(&line).ok_or(io::Error::other(line))?;
    let data = TcpStream::connect(format!("{host}:{data_port}"))?;
    ask(&mut control, "LIST", "1")?; // 125 or 150: here it comes
    for line in BufReader::new(data).split(b'\n') {
        println!("{}", String::from_utf8_lossy(&line?).trim_end_matches('\r'));
    }
    reply(&mut control, "226")?; // the end of the data was not an accident
    ask(&mut control, "QUIT", "221")?;
    Ok(())
}

/// Sends a command, and reads the reply to it.
fn ask(control: &mut BufReader<TcpStream>, command: &str, code: &str) -> io::Result<String> {
    let line = format!("{command}\r\n");
    control.get_mut().write_all(line.as_bytes())?;
    reply(control, code)
}

/// Reads a line, without its line end.
fn read_line(control: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    control.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches('\r').to_owned())
}

/// Reads a reply, which must begin with this code. `230-` begins a reply of several lines, which
/// ends with a line that begins with `230` and a space.
fn reply(control: &mut BufReader<TcpStream>, code: &str) -> io::Result<String> {
    let mut line = read_line(control)?;
    if let Some((opening, _)) = line.split_once('-').filter(|(code, _)| code.len() == 3) {
        let last = format!("{opening} ");
        while !line.starts_with(&last) {
            line = read_line(control)?;
        }
    }
    if !line.starts_with(code) {
        return Err(io::Error::other(line));
    }
    Ok(line)
}

/// The port in `227 Entering passive mode (h1,h2,h3,h4,p1,p2).` The address before it is ignored,
/// because a server could name any machine there.
fn passive_port(reply: &str) -> Option<u16> {
    let digits = reply.split(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.filter(|number| !number.is_empty());
    let high = numbers.nth(5)?.parse().ok()?; // after 227 and the four of the address
    let low = numbers.next()?.parse().ok()?;
    Some(u16::from_be_bytes([high, low]))
}
