//! Tests `exec-client --protocol header` with valid and invalid headers.

use std::time::Duration;

use cross_process::deadline::SOON;
use cross_process::net;
use cross_process::peer::Peer;

use super::{complaint, framed, run, run_lines, shown};

/// A reply: a header and the bytes after it.
fn reply(header: &str, body: &[u8]) -> Vec<u8> {
    [&framed(header)[..], body].concat()
}

/// The client's error for a server that answers with these bytes.
#[track_caller]
fn complaint_about(answer: impl Into<Vec<u8>>) -> String {
    complaint(&run("header", Peer::saying([answer]).addr(), &[], "x"))
}

#[test]
fn a_header_in_single_bytes_is_accepted() {
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        let bytes = reply("{\"total_size\": 2}", b"hi");
        net::send_slowly(&conn, &bytes, Duration::from_millis(10)).unwrap();
        net::read_to_end(&conn, SOON);
    });
    assert_eq!(shown(run("header", peer.addr(), &[], "x")), "hi");
    peer.finish();
}

/// Each byte arrives in time, but the whole header would not.
#[test]
fn a_slow_header_has_one_deadline() {
    let peer = Peer::new(|conn| {
        net::read_exact(&conn, 1, SOON);
        let bytes = [&60_000_i32.to_le_bytes()[..], &[b' '; 200]].concat();
        let _ = net::send_slowly(&conn, &bytes, Duration::from_millis(20));
    });
    let text = complaint(&run("header", peer.addr(), &["--timeout", "300ms"], "x"));
    let expected = format!("no whole header came from {} within 300ms;", peer.addr());
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn an_invalid_header_is_an_error_with_its_reason() {
    let text = complaint_about(b"");
    assert!(
        text.contains("server closed before sending a header"),
        "{text}"
    );
    for (sent, said) in [
        (&b"\xff\xff\xff\xff"[..], "header length -1 is negative"),
        (b"\0\0\0\x80", "header length -2147483648 is negative"),
        (b"\0\0\0\0", "header is empty"),
        (
            b"\xff\xff\xff\x7f",
            "header length 2147483647 exceeds 65536",
        ),
        (b"\x01\0\x01\0", "header length 65537 exceeds 65536"),
        (b"\x10\0", "got 2 of 4 bytes of a header"),
        (b"\x10\0\0\0{\"tot", "got 5 of 16 bytes of a header"),
        (b"\x02\0\0\0{}", "total_size missing"),
        (b"\x02\0\0\0[]", "an array instead of an object"),
        (b"\x02\0\0\0{\"", "the header is broken"),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            "the answer of an HTTP server",
        ),
        (b"SSH-2.0-x\r\n", "ssh"),
        (
            b"error: busy, 1\x1b[2J connections\n",
            r#"refused the connection: "busy, 1\x1b[2J"#,
        ),
    ] {
        let text = complaint_about(sent);
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_header_of_the_maximum_length_is_accepted() {
    let header = format!("{{\"total_size\": 2}}{}", " ".repeat(65_536 - 17));
    let peer = Peer::saying([reply(&header, b"hi")]);
    assert_eq!(shown(run("header", peer.addr(), &[], "x")), "hi");
}

#[test]
fn only_a_whole_number_is_a_size() {
    for (value, found) in [
        ("-1", r#""-1""#),
        ("-0", r#""-0""#),
        ("1.0", r#""1.0""#),
        ("1e3", r#""1e3""#),
        ("\"5\"", "a string"),
        ("true", "a truth value"),
        ("null", "null"),
        ("[]", "an array"),
    ] {
        let text = complaint_about(reply(&format!("{{\"total_size\": {value}}}"), b"12345"));
        let expected = format!("total_size is {found} (it must be a whole number ≥ 0)");
        assert!(text.contains(&expected), "{text}");
    }
    let text = complaint_about(reply(r#"{"total_size": 5, "total_size": 5}"#, b"12345"));
    assert!(
        text.contains("the header has the field \"total_size\" twice"),
        "{text}"
    );
    // The lesson's own example has this many digits.
    let text = complaint_about(reply(
        &format!("{{\"total_size\": {}}}", "1".repeat(150)),
        b"",
    ));
    assert!(
        text.contains("total_size has 150 digits, more than any file"),
        "{text}"
    );
}

#[test]
fn a_size_over_the_limit_is_refused() {
    let answer = reply("{\"total_size\": 101}", &[b'x'; 101]);
    let output = run(
        "header",
        Peer::saying([answer]).addr(),
        &["--max-output", "100"],
        "x",
    );
    assert_eq!(output.stdout, b"");
    assert!(complaint(&output).contains("total_size 101 exceeds the limit 100"));
}

#[test]
fn other_fields_may_be_anything_in_any_order() {
    for header in [
        r#"{"total_size": 2}"#,
        r#"{"hash": {"a": [1]}, "x": [[{"y": null}]], "total_size": 2, "filename": 7}"#,
        r#" { "hash" : 9 , "total_size" : 2 , "hash" : null } "#,
        r#"{"total_size": 2, "hash": "xasf123213123", "filename": "a.txt"}"#,
    ] {
        let peer = Peer::saying([reply(header, b"hi")]);
        assert_eq!(
            shown(run("header", peer.addr(), &[], "x")),
            "hi",
            "{header}"
        );
    }
}

#[test]
fn a_body_shorter_than_announced_is_an_error() {
    let output = run(
        "header",
        Peer::saying([reply("{\"total_size\": 5000}", &[b'x'; 100])]).addr(),
        &[],
        "x",
    );
    assert!(complaint(&output).contains("got 100 of 5000 bytes"));
    assert_eq!(output.stdout, [b'x'; 100]);
}

/// The surplus bytes answer no command and are never shown as output.
#[test]
fn a_body_longer_than_announced_is_an_error() {
    let answer = reply("{\"total_size\": 2}", b"hi, and more");
    let peer = Peer::saying([answer.clone()]);
    let alone = run("header", peer.addr(), &[], "x");
    let peer = Peer::saying([answer]);
    let first_of_two = run_lines("header", peer.addr(), b"x\ny\n");
    for output in [alone, first_of_two] {
        assert_eq!(output.stdout, b"hi");
        let text = complaint(&output);
        assert!(
            text.contains("sent \", and more\", which answers no command"),
            "{text}"
        );
    }
    // If they arrive after the next command, they look like its header.
    let late = Peer::saying([reply("{\"total_size\": 2}", b"hi"), b", and more".to_vec()]);
    let output = run_lines("header", late.addr(), b"x\ny\n");
    assert_eq!(output.stdout, b"hi");
    let text = complaint(&output);
    assert!(
        text.contains("header length 1851858988 exceeds 65536"),
        "{text}"
    );
}

#[test]
fn an_empty_body_is_accepted() {
    let empty = reply("{\"total_size\": 0}", b"");
    let peer = Peer::saying([empty.clone(), reply("{\"total_size\": 3}", b"ok\n"), empty]);
    assert_eq!(
        shown(run_lines("header", peer.addr(), b"true\necho ok\ntrue\n")),
        "ok\n"
    );
}

#[test]
fn a_hash_is_checked_with_verify_hash() {
    // printf hi | sha256sum
    let hash = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
    let with = |hash: &str, body: &[u8]| {
        let header = format!("{{\"total_size\": {}, \"hash\": \"{hash}\"}}", body.len());
        Peer::saying([reply(&header, body)])
    };
    let verified = |peer: Peer| run("header", peer.addr(), &["--verify-hash"], "x");
    assert_eq!(shown(verified(with(hash, b"hi"))), "hi");
    assert_eq!(
        shown(verified(with(&hash.to_ascii_uppercase(), b"hi"))),
        "hi"
    );

    let text = complaint(&verified(with(hash, b"ho")));
    let expected = format!("hash mismatch: header says {hash}, body is ");
    assert!(
        text.contains(&expected) && text.contains("do not trust the output"),
        "{text}"
    );
    for no_hash in ["xasf123213123", "", &hash[1..], &format!("{hash}0")] {
        let output = verified(with(no_hash, b"hi"));
        let text = complaint(&output);
        assert!(
            text.contains("the server's hash is not a SHA-256"),
            "{text}"
        );
        assert_eq!(output.stdout, b"", "shown before it was verified");
    }

    let server = super::serve("header", &[]);
    for command in ["true", "seq 100000", "echo out; echo err >&2"] {
        let output = run("header", server.addr(), &["--verify-hash"], command);
        assert_eq!(output.status.code(), Some(0), "{command}");
    }
}
