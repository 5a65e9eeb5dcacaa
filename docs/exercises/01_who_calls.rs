//! Exercise 1: a caller that says who it is.
//!
//! ```text
//! cargo run -q -p cross-process --example exercise_01 -- PORT
//! cargo test -p cross-process exercise_01 -- --ignored
//! ```

use std::env;
use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_else(|| "8080".to_owned());
    let line = TcpStream::connect(format!("127.0.0.1:{port}"))?;

    // YOURS. This caller knows whom it has called, and hangs up without a word. It should send one
    // line, and then hang up:
    //
    //     I am 127.0.0.1:54321
    //
    // with the address of its own end of the line instead. To write to the line, it must be `mut`,
    // and `std::io::Write` must be in use.
    println!("I have called {}", line.peer_addr()?);
    Ok(())
}
