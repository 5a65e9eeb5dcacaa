//! The load that the benchmarks of this package put on a server.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(500);
/// A datagram without an answer after this time is lost.
pub const TIMEOUT: Duration = Duration::from_millis(200);

/// The work of the generator: each socket, in its own thread, keeps `in_flight` datagrams in
/// flight.
pub struct Work {
    pub name: &'static str,
    sockets: usize,
    in_flight: usize,
    bytes: usize,
}

pub const WORKS: &[Work] = &[
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

#[derive(Clone, Copy, Default)]
struct Count {
    sent: u64,
    answered: u64,
}

/// Answers per second, and how many datagrams have none.
pub fn measure(address: SocketAddr, work: &Work) -> io::Result<(f64, u64)> {
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
    socket.set_read_timeout(Some(TIMEOUT))?;
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
            // After this timeout all datagrams in flight count as lost.
            Err(_) => missing = work.in_flight,
        }
    }
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
