//! Tests sizes, absent peers, ICMP errors and signals.

use std::net::UdpSocket;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::net::{self, ANY_PORT, ask_udp};
use cross_process::process::Process;
use cross_process::signal::Signal;
use cross_process::skip::skip;

use super::{client, fresh_client, serve, serve_at, wait_until_drained};

const SIZES: [usize; 9] = [0, 1, 1023, 1024, 1025, 2000, 8192, 8193, 65_507];

#[test]
fn datagrams_of_every_size_are_answered_whole() {
    let mut server = serve(&[]);
    let socket = net::udp(server.addr());
    for size in SIZES {
        assert!(
            ask_udp(&socket, &vec![b'a'; size]) == vec![b'A'; size],
            "{size}"
        );
    }
    server.assert_alive(fresh_client);
    assert_eq!(server.process.stderr.text(), "");
}

#[test]
fn bytes_that_the_server_cuts_are_counted() {
    let mut server = serve(&["--recv-size", "1024", "--trace", "--stop-on-eof"]);
    let socket = net::udp(server.addr());
    for size in SIZES {
        let kept = size.min(1024);
        assert_eq!(ask_udp(&socket, &vec![b'a'; size]).len(), kept, "{size}");
        if size > kept {
            let lost = size - kept;
            let words = format!("truncated: {lost} of {size} bytes lost, by --recv-size 1024\n");
            server.process.wait_stderr(&words, SOON);
        }
    }
    let words = String::from_utf8(server.process.finish(SOON).stderr).unwrap();
    assert!(words.ends_with(" 9 received, 9 answered, 5 truncated, 0 errors\n"));
}

/// The client tool with the same sizes, and with one that does not fit into a datagram.
#[test]
fn the_longest_message_passes_and_a_longer_one_is_refused() {
    let mut server = serve(&["--quiet"]);
    let one_try = ["--retries", "0", "--timeout", "8s"];
    let mut client = Process::spawn(client(&one_try, server.addr()));
    let mut expected = String::new();
    for size in SIZES {
        client.send_line(&"a".repeat(size));
        expected += &("A".repeat(size) + "\n");
    }
    client.send_line(&"a".repeat(65_508));
    let ended = client.finish(SOON);
    assert!(ended.stdout == expected.as_bytes());
    assert_eq!(ended.status.code(), Some(1));
    let words = String::from_utf8(ended.stderr).unwrap();
    let refused = "error: a datagram holds at most 65507 bytes (yours 65508); send it in parts\n\
                   9 sent, 9 answered, 0 lost (0.0%), 0 retries, 1 too long to send; rtt";
    assert!(words.starts_with(refused), "{words}");
    server.assert_alive(fresh_client);
}

/// Each client closes before its answer arrives, so that the server gets an ICMP error each time.
#[test]
fn icmp_errors_do_not_end_the_server() {
    let mut server = serve(&["--stop-on-eof"]);
    server.process.halt();
    for _ in 0..100 {
        net::udp(server.addr()).send(b"gone").unwrap();
    }
    server.process.signal(Signal::Continue);
    server.assert_alive(fresh_client);
    let words = String::from_utf8(server.process.finish(SOON).stderr).unwrap();
    assert!(
        words.ends_with(" 101 received, 101 answered, 0 truncated, 0 errors\n"),
        "{words}"
    );
}

/// More than the queue holds: the kernel counts the datagrams that the server never received.
#[test]
fn dropped_datagrams_are_reported_at_the_end() {
    let mut sent: u64 = 3000;
    let mut server = serve(&["--stop-on-eof"]);
    server.process.halt();
    let socket = net::udp(server.addr());
    for _ in 0..sent {
        socket.send(b"x").unwrap();
    }
    server.process.signal(Signal::Continue);
    sent += wait_until_drained(server.addr());
    let words = String::from_utf8(server.process.finish(SOON).stderr).unwrap();
    let number_before = |text: &str| -> u64 {
        let (before, _) = words
            .split_once(text)
            .unwrap_or_else(|| panic!("{text}: {words}"));
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let received = number_before(" received, ");
    let dropped = number_before(" more dropped by the kernel (they came faster than");
    assert_eq!(received + dropped, sent);
}

#[test]
fn an_answer_that_arrived_in_time_counts_although_the_client_was_stopped() {
    const TIME: Duration = Duration::from_millis(300);
    let server = UdpSocket::bind(ANY_PORT).unwrap();
    server.set_read_timeout(Some(SOON)).unwrap();
    let flags = ["--retries", "0", "--timeout", "300ms", "--send", "a"];
    let mut client = Process::spawn(client(&flags, server.local_addr().unwrap()));
    let (_, sender) = net::again(|| server.recv_from(&mut [0; 10])).unwrap();
    client.halt();
    server.send_to(b"A", sender).unwrap();
    // The client's timeout must pass while it is stopped; this is not synchronisation.
    thread::sleep(TIME * 2);
    client.signal(Signal::Continue);
    assert_eq!(client.finish(SOON).stdout, b"A\n");
}

/// std cannot handle signals, so the client ends without its report, as its help says.
#[test]
fn an_interrupt_ends_the_client_without_a_report() {
    let server = serve(&[]);
    let mut client = Process::spawn(client(&[], server.addr()));
    client.send_line("a");
    assert_eq!(client.wait_line(SOON), "A");
    client.signal(Signal::Interrupt);
    assert_eq!(client.wait_exit(SOON).signal(), Some(2));
    assert_eq!(client.stderr.text(), "");
}

#[test]
fn a_signal_ends_the_server_and_frees_its_port() {
    let mut server = serve(&[]);
    for signal in [Signal::Terminate, Signal::Interrupt, Signal::Kill] {
        assert_eq!(ask_udp(&net::udp(server.addr()), b"a"), b"A");
        server.process.signal(signal);
        assert!(!server.process.wait_exit(SOON).success());
        server = serve_at(server.addr(), &[]);
    }
    server.assert_alive(fresh_client);
}

/// `localhost` may have an IPv6 address first, at which no server listens. A server for both
/// families sees the client's address IPv4-mapped.
#[test]
fn a_client_reaches_the_address_family_that_is_served() {
    let has_ipv6 = UdpSocket::bind("[::1]:0").is_ok();
    for (bound, names) in [
        ("127.0.0.1:0", &["127.0.0.1", "localhost"][..]),
        ("[::1]:0", &["[::1]"]),
        ("[::]:0", &["[::1]", "127.0.0.1"]),
    ] {
        if bound.starts_with('[') && !has_ipv6 {
            skip(bound, "no IPv6");
            continue;
        }
        let mut server = serve_at(bound.parse().unwrap(), &["--allow-remote", "--quiet"]);
        for name in names {
            let mut command = Command::new(artifacts().tool("udp-client"));
            command.arg("--quiet");
            command.arg(format!("{name}:{}", server.addr().port()));
            let mut client = Process::spawn(command);
            client.send(["hello\n\n", &"a".repeat(65_507)].concat().as_bytes());
            let ended = client.finish(SOON);
            assert_eq!(client.stderr.text(), "", "{bound}, {name}");
            let expected = ["HELLO\n\n", &"A".repeat(65_507), "\n"].concat();
            assert!(ended.stdout == expected.as_bytes(), "{bound}, {name}");
        }
        server.assert_nothing_left();
    }
}
