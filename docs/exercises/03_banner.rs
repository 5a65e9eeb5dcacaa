//! Exercise 3: what listens on a port? Prints `refused`, `banner LINE`, `closed` or `silent`
//!
//! ```text
//! cargo learn run 3 127.0.0.1:PORT
//! cargo learn 3
//! ```

use std::env;
use std::io::{self, Read};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    println!("{}", look(&address)?);
    Ok(())
}

/// Says in a word what listens there.
fn look(address: &str) -> io::Result<String> {
    // YOURS, in three places.
    // 1. connect_ex: a refused connection is a result here, so match on it instead of returning it
    //    by `?`. Which ErrorKind is it? Return every other error.
    let mut stream = TcpStream::connect(address)?;

    // 2. settimeout: a server that says nothing would keep us here for ever. Half a second is
    //    enough. Which two ErrorKinds can a read return then?

    // 3. makefile: one read gives what has arrived, perhaps half a line. What reads whole lines?
    //    And how do you tell a line from the last bytes of a server that has closed?
    let mut buf = [0; 1024];
    let count = stream.read(&mut buf)?;
    let line = String::from_utf8_lossy(&buf[..count]);
    Ok(format!("banner {}", line.trim_end()))
}
