//! Exercise 3: what listens on a port? Prints `refused`, `banner LINE`, `closed` or `silent`.
//!
//! ```text
//! cargo run -q -p cross-process --example exercise_03 -- 127.0.0.1:PORT
//! cargo test -p cross-process exercise_03 -- --ignored
//! ```

use std::env;
use std::io::{self, Read};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    println!("{}", look(&address)?);
    Ok(())
}

/// What listens there, in a word.
fn look(address: &str) -> io::Result<String> {
    // YOURS, in three places.
    // 1. connect_ex: being refused is an answer here, so match on this Result instead of leaving by
    //    `?`. Which ErrorKind is it? Every other error may leave.
    let mut stream = TcpStream::connect(address)?;

    // 2. settimeout: a server that says nothing would keep us here for ever. Half a second is
    //    enough. Which two ErrorKinds does a read give then?

    // 3. makefile: one read gives what is there, perhaps half a line. Who reads whole ones? And how
    //    can you tell a line from the last bytes of a server that has closed?
    let mut buf = [0; 1024];
    let count = stream.read(&mut buf)?;
    let line = String::from_utf8_lossy(&buf[..count]);
    Ok(format!("banner {}", line.trim_end()))
}
