//! Exercise 11: a server that is started on demand. Its listener is its standard input, and it ends
//! when nobody has called for a while.
//!
//! ```text
//! python3 -c 'import socket, subprocess; s = socket.create_server(("127.0.0.1", 8080)); \
//!     subprocess.run("cargo run -q -p cross-process --example exercise_11 -- 5000", shell=True, stdin=s)'
//! cargo test -p cross-process exercise_11 -- --ignored
//! ```
//!
//! Only `main` is yours, and what you want to put beside it. `serve` stays as it is.

use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let idle = env::args().nth(1).unwrap_or("5000".to_string());
    let idle = Duration::from_millis(idle.parse()?);

    // YOURS, the first half: not a listener of our own, but the one that is standard input. The
    // chapter has the call that makes a descriptor of your own from it, and a listener from that.
    let server = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", server.local_addr()?);

    // YOURS, the second half: wait for each caller no longer than `idle`. If none has come, say
    // "nobody has called for 5s" (`{idle:?}`) and end without an error. While you wait, cost
    // nothing. And a client that is here may be silent for as long as it likes.
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
