//! Exercise 11, one answer: a server that is started on demand. Its listener is its standard input,
//! and it ends when nobody has called for a while.
//!
//! It uses what Linux does with a read timeout on a listener. Two other answers: do not block, and
//! sleep a little between two looks; or accept in a thread, and wait for its message with
//! `recv_timeout`. The first has to look often. The second may have accepted a caller in the very
//! moment in which it gives up; here such a caller stays in the queue for the next start.

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let idle = env::args().nth(1).unwrap_or("5000".to_string());
    let idle = Duration::from_millis(idle.parse()?);

    let server = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    println!("listening on {}", server.local_addr()?);

    // The same socket by another type, one that has timeouts.
    let handle = TcpStream::from(OwnedFd::from(server.try_clone()?));
    handle.set_read_timeout(Some(idle))?;
    loop {
        match server.accept() {
            Ok((conn, _)) => {
                // It has inherited the timeout, which is not meant for it.
                conn.set_read_timeout(None)?;
                serve(conn);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                println!("nobody has called for {idle:?}");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
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
