//! Exercise 12: a client for DICT that looks a word up
//!
//! ```text
//! cargo learn run 12 HOST PORT WORD
//! cargo learn 12
//! ```
//!
//! Only `definitions` is yours. It prints each line of each definition.

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
    // YOURS. This prints the first line of the reply, and that is not a definition. It should do
    // this:
    //
    // * 552 is the whole reply: no dictionary has the word, and there is nothing to print;
    // * 150 comes first, then any number of definitions, then 250, which is the end;
    // * a definition is a line that begins with 151, and a text that ends with a line of one dot;
    // * of a text, print each line; if it begins with a dot, print it without that dot;
    // * anything else is an error, and so is a server that leaves before the end. A line of a text
    //   may begin with 250: it is the end only where a reply is due.
    println!("{}", read_line(server)?);
    Ok(())
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
