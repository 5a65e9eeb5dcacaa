//! `udp-server` beside Python's `ThreadingUDPServer`, in turns, within one run.
//!
//! ```console
//! $ cargo bench -p udp-server
//! ```
//!
//! Machines are noisy, so what counts is the ratio of two medians that were measured side by side.
//! The generator takes its share of the processors: it understates the faster server.

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(500);
/// What has not been answered after this is lost.
const PATIENCE: Duration = Duration::from_millis(200);
const PYTHON_SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/threading_udp_server.py"
);

/// What the generator does: each socket, in a thread of its own, keeps so many datagrams in flight.
struct Work {
    name: &'static str,
    sockets: usize,
    in_flight: usize,
    bytes: usize,
}

const WORKS: &[Work] = &[
    work("1 in flight, 64 B", 1, 1, 64),
    work("64 in flight, 64 B", 2, 32, 64),
    work("64 in flight, 1 KiB", 2, 32, 1024),
];

const fn work(name: &'static str, sockets: usize, in_flight: usize, bytes: usize) -> Work {
    Work {
        name,
        sockets,
        in_flight,
        bytes,
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
        // Both say their port last in their first line, in whatever form their language has.
        let digits = |c: char| c.is_ascii_digit();
        let port = line.trim_end().trim_end_matches(|c| !digits(c));
        let port: u16 = port[port.rfind(|c| !digits(c)).map_or(0, |at| at + 1)..].parse()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    sent: u64,
    answered: u64,
}

/// Answers per second, and how many datagrams have none.
fn measure(address: SocketAddr, work: &Work) -> io::Result<(f64, u64)> {
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let mut all = Count::default();
    thread::scope(|scope| {
        let sockets: Vec<_> = (0..work.sockets)
            .map(|_| scope.spawn(|| keep_in_flight(address, work, &over)))
            .collect();
        thread::sleep(ROUND);
        over.store(true, Ordering::Relaxed);
        for socket in sockets {
            let count = socket
                .join()
                .map_err(|_| io::Error::other("a generator died"))??;
            all.sent += count.sent;
            all.answered += count.answered;
        }
        Ok::<_, io::Error>(())
    })?;
    let rate = all.answered as f64 / started.elapsed().as_secs_f64();
    Ok((rate, all.sent - all.answered))
}

fn keep_in_flight(address: SocketAddr, work: &Work, over: &AtomicBool) -> io::Result<Count> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let request = vec![b'a'; work.bytes];
    let expected = vec![b'A'; work.bytes];
    let mut reply = vec![0; work.bytes + 1];
    let mut count = Count::default();
    let mut missing = work.in_flight;
    loop {
        if !over.load(Ordering::Relaxed) {
            for _ in 0..missing {
                socket.send(&request)?;
                count.sent += 1;
            }
        } else if count.answered == count.sent {
            return Ok(count);
        }
        match socket.recv(&mut reply) {
            Ok(size) if reply[..size] == expected => {
                count.answered += 1;
                missing = 1;
            }
            Ok(_) => return Err(ErrorKind::InvalidData.into()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if over.load(Ordering::Relaxed) => return Ok(count),
            // None has come for so long: whatever was in flight is gone.
            Err(_) => missing = work.in_flight,
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let ours = Server::start(
        Command::new(env!("CARGO_BIN_EXE_udp-server")).args(["--quiet", "127.0.0.1:0"]),
    )?;
    let python = Command::new("python3").arg("--version").output();
    if python.is_err() {
        println!("SKIPPED: there is no python3 to compare with");
        return Ok(());
    }
    let python = Server::start(Command::new("python3").arg(PYTHON_SERVER).arg("0"))?;
    println!(
        "{:<26}{:>12}{:>12}{:>8}{:>12}{:>12}",
        "answers per second", "udp-server", "Python", "ratio", "ours lost", "Python lost"
    );
    for work in WORKS {
        let (mut us, mut them) = (Vec::new(), Vec::new());
        let (mut our_loss, mut their_loss) = (0, 0);
        for _ in 0..ROUNDS {
            for (server, rates, loss) in [
                (&ours, &mut us, &mut our_loss),
                (&python, &mut them, &mut their_loss),
            ] {
                let (rate, lost) = measure(server.address, work)?;
                rates.push(rate);
                *loss += lost;
            }
        }
        let (us, them) = (median(us), median(them));
        println!(
            "{:<26}{us:>12.0}{them:>12.0}{:>8.1}{our_loss:>12}{their_loss:>12}",
            work.name,
            us / them
        );
    }
    Ok(())
}
