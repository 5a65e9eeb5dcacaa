//! A chat server, step 4: lines have a greatest length, and are safe to show.

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// The longest line, in bytes, with its line end.
const LONGEST: u64 = 1024;

/// How many events may wait for the room; then the threads of the clients wait, too.
const EVENTS: usize = 64;

/// What the threads of the clients tell the room. The number says which client it is.
enum Event {
    Joined(u64, String, TcpStream),
    Said(u64, String),
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

/// Reads a client's name and then its lines, and tells the room.
fn serve(id: u64, stream: TcpStream, events: &SyncSender<Event>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(name) = read_line(&mut reader)? else {
        return Ok(());
    };
    let _ = events.send(Event::Joined(id, name, stream));
    while let Some(line) = read_line(&mut reader)? {
        let _ = events.send(Event::Said(id, line));
    }
    Ok(())
}

/// Reads a line, without its end and without control characters. `None` where the stream ends.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let length = reader.take(LONGEST).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        return match length as u64 == LONGEST {
            true => Err(io::Error::other("the line is too long")),
            false => Ok(None),
        };
    }
    let line = String::from_utf8_lossy(&line);
    Ok(Some(line.chars().filter(|c| !c.is_control()).collect()))
}

/// A client that has said its name.
struct Member {
    name: String,
    stream: TcpStream,
}

/// Owns the connections of all clients, and handles one event after the other.
fn room(inbox: Receiver<Event>) {
    let mut members: HashMap<u64, Member> = HashMap::new();
    for event in inbox {
        match event {
            Event::Joined(id, name, stream) => {
                let is_taken = members.values().any(|member| member.name == name);
                if is_taken || !is_name(&name) {
                    refuse(&stream);
                    continue;
                }
                let line = format!("* {name} joined");
                members.insert(id, Member { name, stream });
                say(&members, &line);
            }
            Event::Said(id, line) => {
                if let Some(member) = members.get(&id) {
                    say(&members, &format!("{}: {line}", member.name));
                }
            }
            Event::Left(id) => {
                if let Some(member) = members.remove(&id) {
                    say(&members, &format!("* {} left", member.name));
                }
            }
        }
    }
}

/// Whether a name is letters and digits.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

/// Ends a connection; its thread sees the end of the stream.
fn refuse(mut stream: &TcpStream) {
    let _ = stream.write_all(b"* choose another name\n");
    let _ = stream.shutdown(Shutdown::Both);
}

/// Sends a line to everyone.
fn say(members: &HashMap<u64, Member>, line: &str) {
    let line = format!("{line}\n");
    for member in members.values() {
        let _ = (&member.stream).write_all(line.as_bytes()); // if it has left, its thread says so
    }
}
