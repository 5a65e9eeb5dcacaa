//! Compares `tcp-server` with Python's `ThreadingTCPServer`, in alternating rounds of one run.
//!
//! ```console
//! $ cargo bench -p tcp-server
//! ```
//!
//! Machines are noisy, so use the ratio of the two medians, which were measured in the same run.
//! The generator has a thread for each connection and uses the same processors, so it understates
//! the faster server.

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(700);
const PYTHON_SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/threading_tcp_server.py"
);

/// The work of the connections.
struct Work {
    name: &'static str,
    connections: usize,
    bytes: usize,
    /// Whether each request has a connection of its own.
    reconnect: bool,
}

const WORKS: &[Work] = &[
    work("1 connection, 64 B", 1, 64, false),
    work("64 connections, 64 B", 64, 64, false),
    work("64 connections, 64 KiB", 64, 64 * 1024, false),
    work("16 at a time: connect, 64 B, close", 16, 64, true),
];

const fn work(name: &'static str, connections: usize, bytes: usize, reconnect: bool) -> Work {
    Work {
        name,
        connections,
        bytes,
        reconnect,
    }
}

/// A server process, killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        // The first line of both servers ends with the port.
        let digits = |c: char| c.is_ascii_digit();
        let port = line.trim_end().trim_end_matches(|c| !digits(c));
        let port: u16 = port[port.rfind(|c| !digits(c)).map_or(0, |at| at + 1)..].parse()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests per second.
fn measure(address: SocketAddr, work: &Work) -> io::Result<f64> {
    let (done, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let started = Instant::now();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..work.connections)
            .map(|_| scope.spawn(|| client(address, work, &done, &over)))
            .collect();
        thread::sleep(ROUND);
        over.store(true, Ordering::Relaxed);
        for client in clients {
            client
                .join()
                .map_err(|_| io::Error::other("a client died"))??;
        }
        Ok::<_, io::Error>(())
    })?;
    Ok(done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}

fn client(address: SocketAddr, work: &Work, done: &AtomicU64, over: &AtomicBool) -> io::Result<()> {
    let request = vec![b'a'; work.bytes];
    let mut reply = vec![0; work.bytes];
    let mut stream = connect(address)?;
    while !over.load(Ordering::Relaxed) {
        if work.reconnect {
            stream = connect(address)?;
        }
        stream.write_all(&request)?;
        stream.read_exact(&mut reply)?;
        if reply.iter().any(|&byte| byte != b'A') {
            return Err(ErrorKind::InvalidData.into());
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let ours = Server::start(
        Command::new(env!("CARGO_BIN_EXE_tcp-server")).args(["--quiet", "127.0.0.1:0"]),
    )?;
    let python = Command::new("python3").arg("--version").output();
    if python.is_err() {
        println!("SKIPPED: there is no python3 to compare with");
        return Ok(());
    }
    let python = Server::start(Command::new("python3").arg(PYTHON_SERVER).arg("0"))?;
    println!(
        "{:<36}{:>14}{:>14}{:>8}",
        "requests per second", "tcp-server", "Python", "ratio"
    );
    for work in WORKS {
        let (mut us, mut them) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            us.push(measure(ours.address, work)?);
            them.push(measure(python.address, work)?);
        }
        let (us, them) = (median(us), median(them));
        println!("{:<36}{us:>14.0}{them:>14.0}{:>8.2}", work.name, us / them);
    }
    Ok(())
}
