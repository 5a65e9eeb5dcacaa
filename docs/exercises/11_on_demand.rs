//! Exercise 11: a server that is started on demand: its listener is its standard input
//!
//! ```text
//! cargo learn run 11 5000
//! cargo learn 11
//! ```
//!
//! It ends when no client has called for a while. To give it a listener, as inetd and systemd do:
//!
//! ```text
//! python3 -c 'import socket, subprocess; s = socket.create_server(("127.0.0.1", 8080)); \
//!     subprocess.run("cargo learn run 11 5000", shell=True, stdin=s)'
//! ```
//!
//! Only `main` is yours, and what you put beside it. `serve` stays as it is.

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let idle = env::args().nth(1).unwrap_or("5000".to_string());
    let idle = Duration::from_millis(idle.parse()?);

    // YOURS, the first half: use the listener that is standard input, not a listener of our own.
    // The chapter has the call that makes a descriptor of your own from it, and a listener from
    // that.
    let server = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr()?);

    // YOURS, the second half: wait at most `idle` for each client. If none has come, print "no
    // client for 5s" (`{idle:?}`) and end without an error. Use no processor time while you wait. A
    // client that is connected may be silent for as long as it likes.
    let _ = idle;
    loop {
        let (conn, _) = server.accept()?;
        serve(conn);
    }
}

/// Answers in upper case until the client leaves.
fn serve(mut conn: TcpStream) {
    let mut buf = [0; 1024];
    while let Ok(count @ 1..) = conn.read(&mut buf) {
        buf[..count].make_ascii_uppercase();
        if conn.write_all(&buf[..count]).is_err() {
            break;
        }
    }
}
