//! Tests `exec-client --protocol length` with servers that send wrong lengths.

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::peer::Peer;
use cross_process::process::{Process, with_address_space};

use super::{client_command, complaint, run, shown};

#[test]
fn a_server_that_closes_without_a_length_is_an_error() {
    let text = complaint(&run("length", Peer::saying([b""]).addr(), &[], "x"));
    assert!(
        text.contains("server closed before sending a length"),
        "{text}"
    );
}

#[test]
fn a_body_shorter_than_announced_is_an_error() {
    let peer = Peer::saying([b"1000".to_vec(), vec![b'x'; 500]]);
    let done = run("length", peer.addr(), &[], "x");
    assert!(complaint(&done).contains("got 500 of 1000 bytes"));
    assert_eq!(done.stdout, [b'x'; 500]);
}

#[test]
fn only_digits_are_a_length() {
    for (sent, shown) in [
        (&b"-5"[..], r#""-5""#),
        (b"+7", r#""+7""#),
        (b" 7 \n", r#"" 7 \n""#),
        (b"1_0", r#""1_0""#),
        ("７".as_bytes(), r#""\xef\xbc\x97""#),
        (b"0x10", r#""0x10""#),
        (b"1e3", r#""1e3""#),
        (b"7\0", r#""7\x00""#),
        (b"\x1b[2J", r#""\x1b[2J""#),
        (&[b'z'; 1000], &format!("\"{}\"...", "z".repeat(40))),
    ] {
        let text = complaint(&run("length", Peer::saying([sent]).addr(), &[], "x"));
        assert!(
            text.starts_with(&format!("error: invalid length {shown};")),
            "{text}"
        );
    }
    let peer = Peer::saying([&b"007"[..], b"1234567"]);
    assert_eq!(shown(run("length", peer.addr(), &[], "x")), "1234567");
}

#[test]
fn a_length_over_the_limit_is_refused() {
    for (sent, options) in [
        (vec![b'9'; 1000], &[][..]),
        (b"18446744073709551616".to_vec(), &[]),
        (b"1099511627777".to_vec(), &[]),
        (b"101".to_vec(), &["--max-output", "100"]),
    ] {
        let text = complaint(&run("length", Peer::saying([sent]).addr(), options, "x"));
        assert!(text.contains("exceeds the limit"), "{text}");
        assert!(text.contains("; raise --max-output"), "{text}");
    }
    let peer = Peer::saying([b"100".to_vec(), vec![b'x'; 100]]);
    let output = run("length", peer.addr(), &["--max-output", "100"], "x");
    assert_eq!(shown(output).len(), 100);
}

#[test]
fn an_announced_length_is_not_allocated() {
    let header = super::framed("{\"total_size\": 1099511627776}");
    for (protocol, peer) in [
        ("length", Peer::saying([&b"1099511627776"[..], b"hello"])),
        ("header", Peer::saying([[&header[..], b"hello"].concat()])),
    ] {
        let mut client = client_command(protocol, peer.addr(), &[]);
        client.arg("x");
        let mut client = Process::spawn(with_address_space(&client, 64 << 20));
        let text = complaint(&client.finish(SOON));
        assert!(text.contains("got 5 of 1099511627776 bytes"), "{text}");
    }
}

/// The digits have no delimiter. Late digits count as the first bytes of the body, so its last
/// bytes are surplus, which the client detects.
#[test]
fn digits_in_two_pieces_are_a_shorter_length() {
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, b"1");
        net::read_exact(&conn, b"recv_ready".len(), SOON);
        net::send(&conn, b"0abcdefghij");
    });
    let output = run("length", peer.addr(), &[], "x");
    assert_eq!(output.stdout, b"0");
    let text = complaint(&output);
    assert!(
        text.contains("sent \"abcdefghij\", which answers no command"),
        "{text}"
    );
    peer.finish();
}

/// The lesson's servers take the bytes of one recv as the answer to the length. After an empty
/// output, the next command could be in the same recv.
#[test]
fn an_answer_to_a_length_is_never_sent_together_with_the_next_command() {
    let peer = Peer::listening(|listener| {
        let conn = net::accept(&listener);
        assert_eq!(net::read_exact(&conn, 4, SOON), b"true");
        net::send(&conn, b"0");
        // The server receives nothing else on this connection.
        assert_eq!(net::read_to_end(&conn, SOON), b"recv_ready");
        drop(conn);
        let conn = net::accept(&listener);
        assert_eq!(net::read_exact(&conn, 4, SOON), b"next");
        net::send(&conn, b"2");
        assert_eq!(net::read_exact(&conn, 10, SOON), b"recv_ready");
        net::send(&conn, b"ok");
        assert_eq!(net::read_to_end(&conn, SOON), b"");
    });
    let output = super::run_lines("length", peer.addr(), b"true\nnext\n");
    assert_eq!(shown(output), "ok");
    peer.finish();
}

/// A refusal instead of the body is not reported as a short body.
#[test]
fn a_refusal_instead_of_a_body_is_shown() {
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        net::send(&conn, b"1000");
        net::read_exact(&conn, b"recv_ready".len(), SOON);
        net::send(&conn, b"error: no recv_ready from you\n");
    });
    let text = complaint(&run("length", peer.addr(), &[], "x"));
    let addr = peer.addr();
    let expected = format!("error: {addr} refused the connection: no recv_ready from you\n");
    assert_eq!(text, expected);
    peer.finish();
}
