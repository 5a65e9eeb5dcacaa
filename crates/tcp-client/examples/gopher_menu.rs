//! Shows a Gopher menu: the type, the text and the target of each entry.
//!
//! ```text
//! cargo run -p tcp-client --example gopher_menu HOST PORT [SELECTOR]
//! ```
//!
//! An entry of type 1 has the selector of another menu.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    let [_, host, port, rest @ ..] = &args[..] else {
        return Err(io::Error::other("arguments: HOST PORT [SELECTOR]"));
    };
    let selector = rest.first().map_or("", String::as_str); // the empty one asks for the first menu

    let mut conn = TcpStream::connect(format!("{host}:{port}"))?;
    conn.write_all(format!("{selector}\r\n").as_bytes())?;

    for line in BufReader::new(conn).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        let line = line.trim_end_matches('\r');
        if line == "." {
            break; // the end, if the server says so; else it just leaves
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [words, selector, host, port, ..] = fields[..] else {
            println!("{line}"); // no menu: a text, or words about what went wrong
            continue;
        };
        let (kind, words) = words.split_at_checked(1).unwrap_or(("", words));
        if kind == "i" {
            println!("   {words}"); // words and no entry
        } else {
            println!("{kind}  {words} -> {host}:{port} {selector}");
        }
    }
    Ok(())
}
