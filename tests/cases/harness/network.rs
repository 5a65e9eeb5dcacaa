//! Tests of `net`.

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
    // Each byte arrives well within the deadline, all of them far after it.
    let drip =
        thread::spawn(move || net::send_slowly(&theirs, &[b'x'; 200], Duration::from_millis(20)));
    let message = message_of(|| {
        net::read_exact(&ours, 200, A_MOMENT);
    });
    assert!(message.contains("so far \"x"), "{message}");
    drop(ours);
    // The peer is gone, so sending ends with an error.
    assert!(drip.join().unwrap().is_err());
}

#[test]
fn reset_sends_a_reset() {
    let (ours, theirs) = pair();
    net::send(&theirs, b"never read");
    net::reset(ours);
    let message = message_of(|| {
        net::read_to_end(&theirs, SOON);
    });
    assert!(message.contains("reset"), "{message}");
}

#[test]
fn half_close_ends_one_direction() {
    let (ours, theirs) = pair();
    net::half_close(&ours);
    assert_eq!(net::read_to_end(&theirs, SOON), b"");
    net::send(&theirs, b"still here");
    net::half_close(&theirs);
    assert_eq!(net::read_to_end(&ours, SOON), b"still here");
}

#[test]
fn assert_silent_fails_for_bytes_and_for_an_end() {
    let (ours, theirs) = pair();
    net::assert_silent(&ours, A_MOMENT);
    net::send(&theirs, b"x");
    message_of(|| net::assert_silent(&ours, SOON));
    net::read_exact(&ours, 1, SOON);
    drop(theirs);
    message_of(|| net::assert_silent(&ours, SOON));
}
