//! Compares ways to answer datagrams, in alternating rounds: one loop, several loops on clones of
//! the socket, and a thread for each datagram.
//!
//! ```console
//! $ cargo bench -p udp-server --bench loop_or_workers
//! ```
//!
//! It shows answers per second, and how many of a hundred questions of one source are answered at
//! the first try while another source floods the server.

mod load;

use std::error::Error;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use load::{ROUNDS, TIMEOUT, WORKS, measure, median};
use proto::socketserver::{
    Datagram, Datagrams, RequestHandler, Stopper, ThreadingServer, UdpServer,
};

const QUESTIONS: usize = 100;

/// A way to answer datagrams.
#[derive(Clone, Copy)]
enum Way {
    Loops(usize),
    ThreadEach,
}

impl Way {
    fn name(self) -> String {
        match self {
            Self::Loops(1) => "one loop".to_owned(),
            Self::Loops(many) => format!("{many} loops"),
            Self::ThreadEach => "a thread each".to_owned(),
        }
    }
}

struct Upper(Datagram);

impl RequestHandler for Upper {
    fn handle(&mut self) {
        answer(&mut self.0);
    }
}

fn answer(datagram: &mut Datagram) {
    datagram.data_mut().make_ascii_uppercase();
    // The client may be gone.
    let _ = datagram.reply(datagram.data());
}

/// Starts a server, which runs until its stoppers stop it.
fn start(way: Way) -> io::Result<(SocketAddr, Vec<Stopper>)> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    let mut stoppers = Vec::new();
    match way {
        Way::Loops(many) => {
            for _ in 0..many {
                let server = UdpServer::new(Datagrams::new(socket.try_clone()?), answer);
                stoppers.push(server.stopper());
                thread::spawn(move || server.serve_forever());
            }
        }
        Way::ThreadEach => {
            let server = ThreadingServer::new(Datagrams::new(socket), Upper);
            stoppers.push(server.stopper());
            thread::spawn(move || server.serve_forever());
        }
    }
    Ok((address, stoppers))
}

/// How many questions are answered at the first try while another source never pauses.
fn beside_a_flood(address: SocketAddr) -> io::Result<usize> {
    let over = AtomicBool::new(false);
    let flood = UdpSocket::bind("127.0.0.1:0")?;
    let polite = UdpSocket::bind("127.0.0.1:0")?;
    polite.connect(address)?;
    polite.set_read_timeout(Some(TIMEOUT))?;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // A flood may lose datagrams.
                let _ = flood.send_to(&[b'a'; 64], address);
            }
        });
        let mut answered = 0;
        for number in 0..QUESTIONS {
            // A late answer to the previous question must not count for this one.
            let question = [number as u8 | 0x80];
            if polite.send(&question).is_err() {
                continue;
            }
            let mut reply = [0];
            while polite.recv(&mut reply).is_ok() {
                if reply == question {
                    answered += 1;
                    break;
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
        over.store(true, Ordering::Relaxed);
        Ok(answered)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let processors = thread::available_parallelism()?.get();
    let mut ways = vec![Way::Loops(1), Way::Loops(2), Way::Loops(4)];
    if processors > 4 {
        ways.push(Way::Loops(processors));
    }
    ways.push(Way::ThreadEach);

    let mut head = format!("{:<26}", format!("{processors} processors"));
    for way in &ways {
        head += &format!("{:>16}", way.name());
    }
    println!("{head}");
    for work in WORKS {
        let mut rates = vec![Vec::new(); ways.len()];
        for _ in 0..ROUNDS {
            for (way, rates) in ways.iter().zip(&mut rates) {
                let (address, stoppers) = start(*way)?;
                rates.push(measure(address, work)?.0);
                stop(stoppers);
            }
        }
        let rates = rates
            .into_iter()
            .map(|rates| format!("{:>16.0}", median(rates)));
        println!("{:<26}{}", work.name, rates.collect::<String>());
    }
    let mut line = format!("{:<26}", format!("of {QUESTIONS}, beside a flood"));
    for way in &ways {
        let (address, stoppers) = start(*way)?;
        line += &format!("{:>16}", beside_a_flood(address)?);
        stop(stoppers);
    }
    println!("{line}");
    Ok(())
}

fn stop(stoppers: Vec<Stopper>) {
    for stopper in stoppers {
        stopper.shutdown(Duration::from_secs(1));
    }
}
