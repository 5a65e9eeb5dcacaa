//! Lengths, cuts, and programs of other protocols.

use super::*;

/// A stream that gives at most so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buf.len());
        self.0.read(&mut buf[..count])
    }
}

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
fn however_it_is_cut_it_is_put_together() {
    let long = vec![b'x'; 10_000];
    for header in [&b"{}"[..], b"x", &long] {
        let bytes = framed(header);
        for step in [1, 2, 3, 5, 4096, 100_000] {
            let mut got = Vec::new();
            assert!(read(&mut Slow(&bytes, step), HEADER_LIMIT, &mut got).unwrap());
            assert_eq!(got, header);
        }
    }
}

#[test]
fn an_end_in_the_middle_says_how_much_there_was() {
    let bytes = framed(b"{\"a\": 1}");
    let mut header = Vec::new();
    assert!(!read(&mut &b""[..], 100, &mut header).unwrap());
    for cut in 1..bytes.len() {
        let (got, of) = if cut < 4 { (cut, 4) } else { (cut - 4, 8) };
        let text = format!("got {got} of {of} bytes of a header");
        assert_eq!(error(&bytes[..cut], 100), text);
    }
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
    assert!(encode(&vec![b'x'; HEADER_LIMIT + 1], &mut Vec::new()).is_err());
}

#[test]
fn programs_of_other_protocols_are_known_by_their_first_bytes() {
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
fn a_stream_that_fails_fails_the_frame() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
    }
    let failed = read(&mut Broken, 100, &mut Vec::new()).unwrap_err();
    assert_eq!(failed.to_string(), "connection reset");
}
