//! Exercise 10: a thread for each client, for at most three at a time
//!
//! ```text
//! cargo learn run 10 127.0.0.1:PORT
//! cargo learn 10
//! ```
//!
//! Only `main` is yours, and what you put beside it. `serve` stays as it is.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);

    // YOURS. Count the clients that are being served. Send the fourth "busy\n" and drop its
    // connection here.
    //
    // * What can several threads count in? Which thread adds, which one subtracts?
    // * `serve` may panic. Then the lines after it in the thread never run, but what the thread
    //   owns is dropped. So let the closure own (`move`) a value of a type of yours, whose
    //   `impl Drop` gives the place back.
    // * `thread::spawn` panics if the system has no thread left. What returns an error instead? And
    //   what happens to the place then?
    loop {
        let (conn, _) = server.accept()?;
        thread::spawn(move || serve(conn));
    }
}

/// Answers in upper case until the client leaves. It has a bug: a question mark makes it panic.
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
