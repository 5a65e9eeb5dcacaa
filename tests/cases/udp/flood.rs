//! Tests that one source that floods the server does not starve another.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::process::Process;

use super::{client, fresh_client, serve, wait_until_drained};

/// Sets the flag when it is dropped, even if the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Calls `rude` repeatedly in another thread while `polite` runs.
fn during(rude: impl Fn() + Sync, polite: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                rude();
            }
        });
        let _over = Over(&over);
        polite();
    });
}

fn assert_all_answered(server: SocketAddr, flags: &[&str]) {
    let mut client = Process::spawn(client(flags, server));
    client.send("hello\n".repeat(200).as_bytes());
    let ended = client.finish(SOON);
    assert_eq!(
        String::from_utf8_lossy(&ended.stdout),
        "HELLO\n".repeat(200),
        "{}",
        client.stderr.text()
    );
}

/// While the kernel's queue is not full, no datagram is lost.
#[test]
fn a_source_with_many_datagrams_in_flight_costs_another_no_answer() {
    const IN_FLIGHT: usize = 64;
    let mut server = serve(&["--quiet"]);
    let busy = net::udp(server.addr());
    let keep_busy = || {
        for _ in 0..IN_FLIGHT {
            busy.send(&[b'a'; 64]).unwrap();
        }
        for _ in 0..IN_FLIGHT {
            net::again(|| busy.recv(&mut [0; 64])).unwrap();
        }
    };
    during(keep_busy, || {
        assert_all_answered(server.addr(), &["--retries", "0", "--timeout", "5s"]);
    });
    server.assert_alive(fresh_client);
}

/// A source that never waits fills the queue, and the kernel then drops datagrams of all sources.
/// Each retry of another source has its own chance to get through.
#[test]
fn a_flood_from_one_source_leaves_another_answered() {
    for size in [1, 65_507] {
        let mut server = serve(&["--quiet"]);
        let flood = UdpSocket::bind(net::ANY_PORT).unwrap();
        let (to, datagram) = (server.addr(), vec![b'a'; size]);
        let send = || {
            for _ in 0..64 {
                flood.send_to(&datagram, to).unwrap();
            }
        };
        during(send, || {
            assert_all_answered(to, &["--retries", "10", "--timeout", "6s"]);
        });
        wait_until_drained(to);
        server.assert_alive(fresh_client);
    }
}
