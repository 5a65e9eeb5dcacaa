//! A solution of exercise 3: what listens on a port? Prints `refused`, `banner LINE`, `closed` or
//! `silent`.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::TcpStream;
use std::time::Duration;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    println!("{}", look(&address)?);
    Ok(())
}

/// Says in a word what listens there.
fn look(address: &str) -> io::Result<String> {
    let stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok("refused".into()),
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;

    // Bytes, not a String: a banner need not be UTF-8.
    let mut line = Vec::new();
    match BufReader::new(&stream).read_until(b'\n', &mut line) {
        Ok(_) if line.ends_with(b"\n") => {
            let line = String::from_utf8_lossy(&line);
            Ok(format!("banner {}", line.trim_end()))
        }
        Ok(_) => Ok("closed".into()),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok("silent".into()),
            _ => Err(error),
        },
    }
}
