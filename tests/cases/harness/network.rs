//! Sockets.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use cross_process::deadline::{A_MOMENT, SOON};
use cross_process::net;

use super::message_of;

/// Two ends of one connection.
fn pair() -> (TcpStream, TcpStream) {
    let listener = net::listen();
    let one = net::connect(listener.local_addr().unwrap());
    (one, net::accept(&listener))
}

#[test]
fn reading_has_one_deadline_for_all_bytes() {
    let (ours, theirs) = pair();
    // One byte at a time, each well within the deadline, all of them far beyond it.
    let drip =
        thread::spawn(move || net::send_slowly(&theirs, &[b'x'; 200], Duration::from_millis(20)));
    let message = message_of(|| {
        net::read_exact(&ours, 200, A_MOMENT);
    });
    assert!(message.contains("so far \"x"), "{message}");
    drop(ours);
    // Its peer is gone, so the drip ends by an error.
    assert!(drip.join().unwrap().is_err());
}

#[test]
fn a_reset_is_no_orderly_end() {
    let (ours, theirs) = pair();
    net::send(&theirs, b"never read");
    net::reset(ours);
    let message = message_of(|| {
        net::read_to_end(&theirs, SOON);
    });
    assert!(message.contains("reset"), "{message}");
}

#[test]
fn half_a_connection_can_end() {
    let (ours, theirs) = pair();
    net::half_close(&ours);
    assert_eq!(net::read_to_end(&theirs, SOON), b"");
    net::send(&theirs, b"still here");
    net::half_close(&theirs);
    assert_eq!(net::read_to_end(&ours, SOON), b"still here");
}

#[test]
fn silence_is_neither_bytes_nor_an_end() {
    let (ours, theirs) = pair();
    net::assert_silent(&ours, A_MOMENT);
    net::send(&theirs, b"x");
    message_of(|| net::assert_silent(&ours, SOON));
    net::read_exact(&ours, 1, SOON);
    drop(theirs);
    message_of(|| net::assert_silent(&ours, SOON));
}
