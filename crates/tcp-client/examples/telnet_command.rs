//! Types commands by Telnet: waits for the prompt, sends a command, shows the output.
//!
//! ```text
//! cargo run -p tcp-client --example telnet_command HOST PORT PROMPT COMMAND ...
//! ```
//!
//! The output of a command is read up to the next prompt, or to the end of the session.

use std::env;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, prompt, commands @ ..] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT PROMPT COMMAND ..."));
    };

    let mut server = BufReader::new(TcpStream::connect(format!("{host}:{port}"))?);
    print!("{}", read_until(&mut server, prompt)?);
    for command in commands {
        let line = format!("{command}\r\n");
        server.get_mut().write_all(line.as_bytes())?;
        print!("{}", read_until(&mut server, prompt)?);
    }
    io::stdout().flush()
}

/// The text up to and including `end`, or up to the end of the stream. It refuses every option, so
/// that neither side uses extensions.
fn read_until(server: &mut BufReader<TcpStream>, end: &str) -> io::Result<String> {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes())
        && let Some(byte) = next_byte(server)?
    {
        if byte != IAC {
            text.push(byte);
            continue;
        }
        match next_byte(server)? {
            Some(IAC) => text.push(IAC), // twice: a byte of the text that has this value
            Some(DO) => refuse(server, WONT)?,
            Some(WILL) => refuse(server, DONT)?,
            Some(DONT | WONT) => _ = next_byte(server)?, // it is off already
            Some(SB) => skip_parameters(server)?,        // of an option that we have not agreed to
            Some(_) | None => {} // a command without an argument, such as GA: your turn
        }
    }
    Ok(String::from_utf8_lossy(&text).replace("\r\n", "\n"))
}

/// Answers the request for an option, whose number is the next byte.
fn refuse(server: &mut BufReader<TcpStream>, word: u8) -> io::Result<()> {
    let option = next_byte(server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    server.get_mut().write_all(&[IAC, word, option])
}

/// Reads to the end of an option's parameters: IAC SE.
fn skip_parameters(server: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut last = 0;
    while let Some(byte) = next_byte(server)?
        && [last, byte] != [IAC, SE]
    {
        last = byte;
    }
    Ok(())
}

/// The next byte, or `None` at the end of the stream.
fn next_byte(server: &mut BufReader<TcpStream>) -> io::Result<Option<u8>> {
    server.bytes().next().transpose()
}
