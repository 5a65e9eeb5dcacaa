//! A solution of exercise 4: answers one line in upper case, and lets the client close first.

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
        // The server goes on when a client has gone, or stays too long.
        let _ = serve(&conn);
    } // this closes `conn` in every case
}

fn serve(mut conn: &TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(conn).read_line(&mut line)?;
    conn.write_all(line.to_ascii_uppercase().as_bytes())?;

    // A read of 0 bytes is the end of the stream. Each read waits for the rest of the second.
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(()); // this client stays, so we close first
        }
        conn.set_read_timeout(Some(left))?;
        if conn.read(&mut [0; 1024])? == 0 {
            return Ok(()); // the client has closed first, and has the TIME_WAIT
        }
    }
}
