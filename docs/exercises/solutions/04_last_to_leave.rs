//! Exercise 4, one answer: answers one line in upper case, and lets the client be the first to
//! close.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);
    loop {
        let (conn, _) = server.accept()?;
        // A client that has gone, or stays too long, is no reason to stop serving.
        let _ = serve(&conn);
    } // this closes `conn`, whatever became of it
}

fn serve(mut conn: &TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(conn).read_line(&mut line)?;
    conn.write_all(line.to_ascii_uppercase().as_bytes())?;

    // The end of the stream is a read of nothing. Each read may wait for what is left of the second.
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(()); // this one stays, so we close first after all
        }
        conn.set_read_timeout(Some(left))?;
        if conn.read(&mut [0; 1024])? == 0 {
            return Ok(()); // the client has closed, and the TIME_WAIT is its own
        }
    }
}
