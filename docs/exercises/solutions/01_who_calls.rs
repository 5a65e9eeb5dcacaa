//! A solution of exercise 1: a client that says who it is.

use std::env;
use std::io::{self, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let mut server = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    println!("I have called {}", server.peer_addr()?);
    let own = server.local_addr()?;
    // One write for the whole line; `writeln!` would make several.
    server.write_all(format!("I am {own}\n").as_bytes())?;
    Ok(()) // the end of `main` drops `server`, and that hangs up
}
