//! A solution of exercise 10: a thread for each client, for at most three at a time.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const MOST: usize = 3;

/// A place for one client, given back however its thread ends.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
    let server = TcpListener::bind(address)?;
    println!("listening on {}", server.local_addr()?);

    let taken = Arc::new(AtomicUsize::new(0));
    loop {
        let (mut conn, _) = server.accept()?;
        // Only this thread adds, so no other takes the place between the load and the addition.
        if taken.load(Ordering::Relaxed) >= MOST {
            let _ = conn.write_all(b"busy\n"); // an error if it has left; it is dropped in any case
            continue;
        }
        taken.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&taken));
        let started = thread::Builder::new().spawn(move || {
            let _place = place;
            serve(conn);
        });
        // Without a thread the closure is dropped, and with it the place and the connection.
        if let Err(error) = started {
            eprintln!("cannot serve: {error}");
        }
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
