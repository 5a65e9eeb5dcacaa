//! Many misbehaving clients, and a few that check every byte.
//!
//! `DIALTONE_CHAOS_SECONDS` sets the duration of the soak; the default is 8.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use cross_process::deadline::{Deadline, SOON};
use cross_process::net;
use cross_process::procfs;
use cross_process::random::Random;

use super::{serve, upper_case_client};

const CHAOTIC: u64 = 40;
/// How many connections each of these clients has open at once.
const EACH: usize = 5;
const HONEST: u64 = 5;

#[test]
fn honest_clients_lose_nothing_among_two_hundred_chaotic_ones() {
    two_storms(Duration::from_secs(1));
}

#[test]
#[ignore = "a soak: see .ci/run"]
fn soak_of_honest_clients_among_two_hundred_chaotic_ones() {
    let seconds = env::var("DIALTONE_CHAOS_SECONDS");
    two_storms(Duration::from_secs(
        seconds.map_or(8, |text| text.parse().unwrap()),
    ));
}

fn two_storms(whole: Duration) {
    let mut server = serve(&["--quiet"]);
    let addr = server.addr();
    let pid = server.process.pid();
    // The first round grows the heap to what two hundred threads need, which the process keeps. On
    // a busy machine that may take another round; a leak would grow it in each.
    storm(addr, whole / 4);
    let mut grown = u64::MAX;
    for _ in 0..3 {
        server.assert_nothing_left();
        let before = procfs::resident_bytes(pid).unwrap();
        let checked = storm(addr, whole * 3 / 4);
        assert!(checked > 0);
        server.assert_alive(upper_case_client);
        grown = procfs::resident_bytes(pid).unwrap().saturating_sub(before);
        if grown < 4 << 20 {
            break;
        }
    }
    assert!(grown < 4 << 20, "{grown} bytes more in the last round, too");
    assert_eq!(server.process.stderr.text(), "");
}

/// Runs all clients at once, and returns how many replies were checked.
fn storm(addr: SocketAddr, time: Duration) -> usize {
    let until = Deadline::after(time);
    thread::scope(|scope| {
        for seed in 1..=CHAOTIC {
            scope.spawn(move || chaos(addr, Random::new(seed), until));
        }
        let honest: Vec<_> = (1..=HONEST)
            .map(|seed| scope.spawn(move || honesty(addr, Random::new(seed << 32), until)))
            .collect();
        let checked = honest.into_iter().map(|client| client.join().unwrap());
        checked.sum()
    })
}

/// Checks every byte of every reply, sometimes with many messages on one connection, sometimes with
/// one.
fn honesty(addr: SocketAddr, mut random: Random, until: Deadline) -> usize {
    let mut checked = 0;
    let mut stream = net::connect(addr);
    while until.remaining().is_some() {
        if random.below(8) == 0 {
            stream = net::connect(addr);
        }
        let length = 1 + random.below(9_000);
        let message: Vec<u8> = (0..length).map(|_| random.number() as u8).collect();
        let reply = net::ask(&stream, &message, length);
        assert!(reply == message.to_ascii_uppercase(), "{length} bytes");
        checked += 1;
    }
    checked
}

/// Holds a few connections and misbehaves on one after the other. No error here may fail the test,
/// because the server may treat such a client in any way.
fn chaos(addr: SocketAddr, mut random: Random, until: Deadline) {
    let mut held: Vec<TcpStream> = Vec::new();
    let mut scrap = vec![0; 8_000];
    while until.remaining().is_some() {
        if held.len() < EACH {
            let Ok(stream) = TcpStream::connect_timeout(&addr, SOON) else {
                continue;
            };
            // Short timeouts, so that a stalled connection delays this client only a little.
            let _ = stream.set_write_timeout(Some(Duration::from_millis(50)));
            let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
            held.push(stream);
        }
        let mut stream = held.swap_remove(random.below(held.len()));
        let length = random.below(scrap.len());
        let sent = stream.write(&scrap[..length]);
        match random.below(6) {
            // Closes: with a reset if replies are unread.
            0 => {}
            // Closes with a reset in any case.
            1 => {
                let _ = stream.peek(&mut [0]);
            }
            2 => {
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read(&mut scrap);
            }
            3 => {
                let _ = stream.shutdown(std::net::Shutdown::Read);
                held.push(stream);
            }
            4 => {
                let most = random.below(scrap.len());
                let _ = stream.read(&mut scrap[..most]);
                held.push(stream);
            }
            // Keeps the connection and does not read, so that the server's writes stall.
            _ => {
                if sent.is_ok() {
                    held.push(stream);
                }
            }
        }
    }
}
