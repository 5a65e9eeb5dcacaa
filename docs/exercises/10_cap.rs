//! Exercise 10: a thread for each client, for three at a time and no more.
//!
//! ```text
//! cargo run -q -p cross-process --example exercise_10 -- 127.0.0.1:PORT
//! cargo test -p cross-process exercise_10 -- --ignored
//! ```
//!
//! Only `main` is yours, and what you want to put beside it. `serve` stays as it is.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);

    // YOURS. Count those who are being served. The fourth is told "busy\n", and its connection is
    // dropped here.
    //
    // * What can several threads count in? Who may add, who takes away?
    // * `serve` may panic. Then what stands behind it in the thread never runs, but what the thread
    //   owns is dropped. So let it own a value whose `Drop` gives the place back.
    // * `thread::spawn` panics where the system has no thread left. What does not? And what becomes
    //   of the place then?
    loop {
        let (conn, _) = server.accept()?;
        thread::spawn(move || serve(conn));
    }
}

/// Answers in upper case until the client leaves. It has a bug: a question makes it panic.
fn serve(mut conn: TcpStream) {
    let mut buf = [0; 1024];
    while let Ok(count @ 1..) = conn.read(&mut buf) {
        let data = &mut buf[..count];
        assert!(!data.contains(&b'?'), "this server does not know");
        data.make_ascii_uppercase();
        if conn.write_all(data).is_err() {
            break;
        }
    }
}
