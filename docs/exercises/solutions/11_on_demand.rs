//! A solution of exercise 11: a server that is started on demand: its listener is its standard
//! input.
//!
//! It uses what Linux does with a read timeout on a listener. Two other solutions: do not block, and
//! sleep a little between two calls of accept; or accept in a thread, and wait for its message with
//! `recv_timeout`. The first has to look often. The second may have accepted a client at the moment
//! at which it gives up; here such a client stays in the queue for the next start.

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

    // The same socket as another type, which has timeouts.
    let handle = TcpStream::from(OwnedFd::from(server.try_clone()?));
    handle.set_read_timeout(Some(idle))?;
    loop {
        match server.accept() {
            Ok((conn, _)) => {
                // It has inherited the timeout of the listener.
                conn.set_read_timeout(None)?;
                serve(conn);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                println!("no client for {idle:?}");
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
