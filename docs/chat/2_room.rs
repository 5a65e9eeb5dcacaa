//! A chat server, step 2: one thread owns the room, and everyone in it gets each line.

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// How many events may wait for the room; then the threads of the clients wait, too.
const EVENTS: usize = 64;

/// What the threads of the clients tell the room. The number says which client it is.
enum Event {
    Joined(u64, TcpStream),
    Said(String),
    Left(u64),
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);

    let (events, inbox) = mpsc::sync_channel(EVENTS);
    thread::spawn(move || room(inbox));
    for (id, stream) in (0..).zip(listener.incoming()) {
        let Ok(stream) = stream else { continue };
        let events = events.clone();
        thread::spawn(move || {
            let _ = serve(id, stream, &events); // an error ends this client only
            let _ = events.send(Event::Left(id));
        });
    }
    Ok(())
}

/// Reads what a client sends, and tells the room.
fn serve(id: u64, stream: TcpStream, events: &SyncSender<Event>) -> io::Result<()> {
    let reader = BufReader::new(stream.try_clone()?);
    let _ = events.send(Event::Joined(id, stream));
    for line in reader.lines() {
        let _ = events.send(Event::Said(line?));
    }
    Ok(())
}

/// Owns the connections of all clients, and handles one event after the other.
fn room(inbox: Receiver<Event>) {
    let mut members = HashMap::new();
    for event in inbox {
        match event {
            Event::Joined(id, stream) => drop(members.insert(id, stream)),
            Event::Said(line) => say(&members, &line),
            Event::Left(id) => drop(members.remove(&id)),
        }
    }
}

/// Sends a line to everyone.
fn say(members: &HashMap<u64, TcpStream>, line: &str) {
    let line = format!("{line}\n");
    for mut stream in members.values() {
        let _ = stream.write_all(line.as_bytes()); // if the client has left, its thread says so
    }
}
