//! Tests of lengths and of other protocols. Split frames are tested in `tests/wire`.

use super::*;

fn framed(header: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(header, &mut out).unwrap();
    out
}

fn error(bytes: &[u8], limit: usize) -> String {
    let mut header = Vec::new();
    read(&mut &*bytes, limit, &mut header)
        .unwrap_err()
        .to_string()
}

#[test]
fn lengths_are_checked_before_they_are_used() {
    for (length, text) in [
        (-1, "header length -1 is negative"),
        (i32::MIN, "header length -2147483648 is negative"),
        (0, "header is empty"),
        (i32::MAX, "header length 2147483647 exceeds 65536"),
        (65_537, "header length 65537 exceeds 65536"),
    ] {
        assert_eq!(error(&i32::to_le_bytes(length), HEADER_LIMIT), text);
    }
    let most = vec![b'x'; HEADER_LIMIT];
    let mut header = Vec::new();
    assert!(read(&mut &framed(&most)[..], HEADER_LIMIT, &mut header).unwrap());
}

#[test]
fn headers_that_no_reader_accepts_are_not_written() {
    let mut out = b"before".to_vec();
    let error = encode(b"", &mut out).unwrap_err();
    assert!(matches!(error, FrameError::Empty), "{error}");
    let error = encode(&vec![b'x'; HEADER_LIMIT + 1], &mut out).unwrap_err();
    assert_eq!(error.to_string(), "header length 65537 exceeds 65536");
    assert_eq!(out, b"before");
}

#[test]
fn other_protocols_are_recognized_by_their_first_bytes() {
    for (bytes, word) in [
        (&b"GET / HTTP/1.1"[..], "HTTP request"),
        (b"POST / HTTP/1.1", "HTTP request"),
        (b"HEAD / HTTP/1.1", "HTTP request"),
        (b"OPTIONS * HTTP/1.1", "HTTP request"),
        (b"HTTP/1.1 400 Bad", "HTTP server"),
        (b"SSH-2.0-x", "ssh"),
        (b"\x16\x03\x01\x02\x00", "TLS"),
    ] {
        assert!(error(bytes, HEADER_LIMIT).contains(word));
    }
}

#[test]
fn an_error_of_the_stream_is_returned() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let failed = read(&mut Broken, 100, &mut Vec::new()).unwrap_err();
    assert_eq!(failed.to_string(), "connection reset");
}
