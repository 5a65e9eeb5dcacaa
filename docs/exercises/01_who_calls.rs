//! Exercise 1: a client that says who it is
//!
//! ```text
//! cargo learn run 1 PORT
//! cargo learn 1
//! ```

use std::env;
use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let server = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    // YOURS. This client knows its peer's address, and hangs up without a word. It should send one
    // line before it hangs up:
    //
    //     I am 127.0.0.1:54321
    //
    // with the address of its own end instead. To write to `server`, make it `mut`, and
    // import `std::io::Write`. `write_all` takes bytes, and `format!("...\n").as_bytes()` has them.
    println!("I have called {}", server.peer_addr()?);
    Ok(())
}
