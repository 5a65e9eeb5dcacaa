//! The chat server of step 6 with tokio: a task for each client instead of two threads. It needs the
//! package tokio, so nothing in this repository builds it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::{env, io};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};

const LONGEST: u64 = 1024;
const EVENTS: usize = 64;
const QUEUE: usize = 256;

struct Member {
    name: String,
    queue: Sender<String>,
    /// Ends the task of a client that does not read.
    end: Arc<Notify>,
}

enum Event {
    Joined(u64, Member),
    Said(u64, String),
    Left(u64),
    Stop,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    let (events, inbox) = mpsc::channel(EVENTS);
    // Every client's task has a clone of `alive`: when all are dropped, `ended` ends.
    let (alive, mut ended) = mpsc::channel::<()>(1);
    let room = tokio::spawn(room(inbox));
    let accept = tokio::spawn(accept(listener, events.clone(), alive));

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "quit" {
            let _ = events.send(Event::Stop).await;
            break;
        }
    }
    let _ = room.await;
    accept.abort();
    let _ = tokio::time::timeout(Duration::from_secs(1), ended.recv()).await;
    std::process::exit(0) // the thread that reads standard input may still wait
}

/// Starts a task for each client.
async fn accept(listener: TcpListener, events: Sender<Event>, alive: Sender<()>) {
    for id in 0.. {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (events, alive) = (events.clone(), alive.clone());
        tokio::spawn(async move {
            let end = Arc::new(Notify::new());
            tokio::select! {
                _ = serve(id, stream, &events, &end) => {}
                _ = end.notified() => {}
            }
            let _ = events.send(Event::Left(id)).await;
            drop(alive);
        });
    }
}

/// Reads a client's lines, and writes what is in its queue, both in one task.
async fn serve(
    id: u64,
    stream: TcpStream,
    events: &Sender<Event>,
    end: &Arc<Notify>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let Some(name) = read_line(&mut reader).await? else {
        return Ok(());
    };
    let (queue, mut lines) = mpsc::channel::<String>(QUEUE);
    let end = Arc::clone(end);
    let _ = events
        .send(Event::Joined(id, Member { name, queue, end }))
        .await;

    let read = async {
        while let Some(line) = read_line(&mut reader).await? {
            let _ = events.send(Event::Said(id, line)).await;
        }
        let _ = events.send(Event::Left(id)).await;
        std::future::pending().await // until the last line is written
    };
    let write = async {
        while let Some(line) = lines.recv().await {
            writer.write_all(line.as_bytes()).await?;
        }
        Ok(())
    };
    tokio::select! {
        result = read => result,
        result = write => result,
    }
}

/// Reads a line, as in step 4.
async fn read_line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let length = reader.take(LONGEST).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return match length as u64 == LONGEST {
            true => Err(io::Error::other("the line is too long")),
            false => Ok(None),
        };
    }
    let line = String::from_utf8_lossy(&line);
    Ok(Some(line.chars().filter(|c| !c.is_control()).collect()))
}

async fn room(mut inbox: Receiver<Event>) {
    let mut members: HashMap<u64, Member> = HashMap::new();
    while let Some(event) = inbox.recv().await {
        match event {
            Event::Joined(id, member) => {
                let is_taken = members.values().any(|other| other.name == member.name);
                if is_taken || !is_name(&member.name) {
                    let _ = member.queue.try_send("* choose another name\n".to_owned());
                    continue;
                }
                let line = format!("* {} joined", member.name);
                members.insert(id, member);
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
            Event::Stop => break,
        }
    }
    say(&members, "* the server stops");
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

fn say(members: &HashMap<u64, Member>, line: &str) {
    let line = format!("{line}\n");
    for member in members.values() {
        if member.queue.try_send(line.clone()).is_err() {
            member.end.notify_one();
        }
    }
}
