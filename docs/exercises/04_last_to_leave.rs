//! Exercise 4: answers one line in upper case, and lets the client close first
//!
//! ```text
//! cargo learn run 4 127.0.0.1:PORT
//! cargo learn 4
//! ```

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

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

    // YOURS. The client has its answer, and now we close: so the TIME_WAIT is ours.
    //
    // 1. How does this side learn that the client has closed? Wait for that.
    // 2. Wait at most a second. Does your second limit the *whole* wait, or each call? A client may
    //    stay and send a byte now and then. `deadline.saturating_duration_since(Instant::now())` is
    //    what remains until `deadline`, an `Instant`.
    Ok(())
}
