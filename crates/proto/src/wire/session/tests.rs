//! Tests of the handshake with a test vector, and of frames with each bit changed or cut at each
//! byte.

use super::handshake::{Agreement, HandshakeError, Nonce, check_auth, hello, read_hello};
use super::*;
use crate::wire::sha256::hex;

const NS: Nonce = [0x11; 32];
const NC: Nonce = [0x22; 32];

fn token() -> [u8; 32] {
    std::array::from_fn(|i| i as u8)
}

fn agreement() -> Agreement {
    Agreement::new(&token(), &NS, &NC).unwrap()
}

fn client() -> (Sealer, Opener) {
    let welcome = agreement().welcome().to_vec();
    agreement().check_welcome(&welcome).unwrap()
}

fn server() -> (Sealer, Opener) {
    agreement().into_server()
}

fn seal(sealer: &mut Sealer, kind: FrameType, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    sealer.send(&mut bytes, [(kind, body)]).unwrap();
    bytes
}

fn open(bytes: &[u8], opener: &mut Opener) -> Result<(FrameType, Vec<u8>), SessionError> {
    let mut reader = FrameReader::default();
    let frame = reader.read_sealed(&mut &*bytes, opener)?;
    let frame = frame.expect("there is a frame");
    Ok((frame.kind, frame.body.to_vec()))
}

/// The expected values were computed with Python's `hmac` from the protocol's description.
#[test]
fn proofs_and_keys_match_those_of_another_implementation() {
    let auth = hex(&agreement().auth());
    assert_eq!(&auth[..64], "22".repeat(32));
    assert_eq!(
        &auth[64..],
        "9abccf350d8465109f2f36961ec1252cc2edc813b14b0e42b3ec6d227fb50842"
    );
    assert_eq!(
        hex(agreement().welcome()),
        "ce3f261519e7132523a2029e92f660a4dc9ac88f1a6543bc8a55f1df7e9118ec"
    );
    // The keys are private, so the test checks what they seal.
    for ((mut sealer, _), key) in [
        (
            client(),
            "6d8eacffc5e7b14f4900c0fe0263a599d95a7e5730b64c0c5d62442b39956888",
        ),
        (
            server(),
            "5f06efecf09a3b35eea022586d6042ab81f0ae9c2d368cd9ae90fabda6e06e21",
        ),
    ] {
        let key: [u8; 32] =
            std::array::from_fn(|i| u8::from_str_radix(&key[2 * i..2 * i + 2], 16).unwrap());
        let expected = crate::wire::hmac::Key::new(&key).code(&[
            &0u64.to_le_bytes(),
            &5u32.to_le_bytes(),
            b"stdin",
            &2u64.to_le_bytes(),
            b"hi",
        ]);
        let frame = String::from_utf8(seal(&mut sealer, FrameType::Stdin, b"hi")).unwrap();
        assert!(frame.contains(&hex(&expected)), "{frame}");
    }
}

#[test]
fn each_side_accepts_only_a_peer_with_the_same_token() {
    assert_eq!(read_hello(&hello(&NS)), Ok(NS));
    let auth = agreement().auth();
    assert!(check_auth(&token(), &NS, &auth).is_ok());
    for bit in 0..256 {
        let mut wrong = token();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let refused = check_auth(&wrong, &NS, &auth).err();
        assert_eq!(refused, Some(HandshakeError::ClientProof));
        let other = Agreement::new(&wrong, &NS, &NC).unwrap();
        let refused = agreement().check_welcome(other.welcome()).err();
        assert_eq!(refused, Some(HandshakeError::ServerProof));
    }
    // With a new nonce a recorded proof is wrong.
    let replayed = check_auth(&token(), &[0x33; 32], &auth).err();
    assert_eq!(replayed, Some(HandshakeError::ClientProof));
}

#[test]
fn reflected_nonces_and_proofs_are_refused() {
    let echoed = [NS, [0; 32]].concat();
    let refused = check_auth(&token(), &NS, &echoed).err();
    assert_eq!(refused, Some(HandshakeError::Reflected));
    let own_proof = agreement().auth()[32..].to_vec();
    let refused = agreement().check_welcome(&own_proof).err();
    assert_eq!(refused, Some(HandshakeError::ServerProof));
}

#[test]
fn malformed_bodies_and_other_versions_are_refused() {
    for length in [0, 1, 10, 42, 44] {
        let body = &[&hello(&NS)[..], b"x"].concat()[..length];
        assert!(read_hello(body).is_err(), "{length}");
    }
    let newer = read_hello(b"sockexec/12\0").unwrap_err().to_string();
    assert!(newer.contains("speaks version 12"), "{newer}");
    let nameless = read_hello(b"sockexec/x\0").unwrap_err();
    assert_eq!(nameless, HandshakeError::Malformed("hello"));
    for length in [0, 32, 63, 65] {
        let body = vec![7; length];
        let refused = check_auth(&token(), &NS, &body).err();
        assert_eq!(refused, Some(HandshakeError::Malformed("auth")));
    }
}

#[test]
fn sealed_frames_are_opened_and_look_like_the_lessons_header() {
    let (mut sealer, _) = client();
    let (_, mut opener) = server();
    for length in [0, 1, 1000, BODY_LIMIT] {
        let body = vec![b'x'; length];
        let bytes = seal(&mut sealer, FrameType::StdinEof, &body);
        let json = &bytes[4..bytes.len() - length];
        let start = format!(r#"{{"filename": "stdin-eof", "total_size": {length}, "hash": ""#);
        assert!(json.starts_with(start.as_bytes()), "{json:?}");
        assert_eq!(
            open(&bytes, &mut opener).unwrap(),
            (FrameType::StdinEof, body)
        );
    }
}

/// A stream that accepts a few bytes at a time, like a socket whose buffer is nearly full.
struct Reluctant(Vec<u8>);

impl std::io::Write for Reluctant {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        if self.0.len() % 5 == 4 {
            self.0.push(buf[0]);
            return Ok(1);
        }
        let count = buf.len().min(4);
        self.0.extend_from_slice(&buf[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn frames_sent_together_are_complete_even_with_short_writes() {
    let (mut sealer, _) = client();
    let mut apart = seal(&mut sealer, FrameType::Command, b"cat");
    apart.extend(seal(&mut sealer, FrameType::StdinEof, b""));
    let frames = [
        (FrameType::Command, &b"cat"[..]),
        (FrameType::StdinEof, b""),
    ];
    let mut together = Reluctant(Vec::new());
    client().0.send(&mut together, frames).unwrap();
    assert_eq!(together.0, apart);
}

#[test]
fn a_body_over_the_limit_is_not_sent() {
    let body = vec![0; BODY_LIMIT + 1];
    let mut stream = Vec::new();
    let frame = [(FrameType::Stdin, &body[..])];
    let error = client().0.send(&mut stream, frame).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(stream.is_empty());
}

#[test]
fn no_bit_of_a_frame_can_be_changed() {
    let (mut sealer, _) = client();
    let bytes = seal(&mut sealer, FrameType::Command, b"echo hi");
    // Padding, so that every length that a changed bit can announce is available.
    let padding = [b' '; 70_000];
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed.extend_from_slice(&padding);
        let (_, mut opener) = server();
        assert!(open(&changed, &mut opener).is_err(), "bit {bit}");
    }
    let (_, mut opener) = server();
    assert!(open(&bytes, &mut opener).is_ok());
}

#[test]
fn a_truncated_frame_is_refused() {
    let (mut sealer, _) = client();
    let bytes = seal(&mut sealer, FrameType::Command, b"echo hi");
    for cut in 1..bytes.len() {
        let (_, mut opener) = server();
        assert!(open(&bytes[..cut], &mut opener).is_err(), "{cut}");
    }
    let (_, mut opener) = server();
    let mut reader = FrameReader::default();
    let end = reader.read_sealed(&mut &b""[..], &mut opener);
    assert!(end.unwrap().is_none());
}

#[test]
fn frames_cannot_be_dropped_repeated_swapped_relabelled_or_reflected() {
    let (mut sealer, _) = server();
    let first = seal(&mut sealer, FrameType::Stdout, b"one");
    let second = seal(&mut sealer, FrameType::Stdout, b"two");
    let relabelled = String::from_utf8_lossy(&first).replace("stdout", "stderr");
    for (order, wrong) in [
        (vec![&second[..]], 0),
        (vec![&first, &first], 1),
        (vec![&second, &first], 0),
        (vec![relabelled.as_bytes()], 0),
    ] {
        let (_, mut opener) = client();
        let results: Vec<_> = order.iter().map(|b| open(b, &mut opener)).collect();
        let error = results[wrong].as_ref().unwrap_err().to_string();
        assert_eq!(
            error,
            format!("frame {wrong} failed its authenticity check")
        );
    }
    // The keys of the two directions differ.
    let (_, mut opener) = server();
    assert!(open(&first, &mut opener).is_err());
}

#[test]
fn a_frame_with_another_announced_length_is_not_authentic() {
    let bytes = seal(&mut client().0, FrameType::Stdin, b"short");
    let text = String::from_utf8(bytes).unwrap() + "and more";
    for size in [4, 6, 9] {
        let changed = text.replace("\"total_size\": 5", &format!("\"total_size\": {size}"));
        let error = open(changed.as_bytes(), &mut server().1).unwrap_err();
        assert_eq!(error.to_string(), "frame 0 failed its authenticity check");
    }
}

#[test]
fn frames_before_authentication_have_low_limits() {
    let mut plain = Vec::new();
    write_plain(&mut plain, FrameType::Hello, &hello(&NS)).unwrap();
    let mut reader = FrameReader::default();
    let frame = reader.read_plain(&mut &plain[..]).unwrap().unwrap();
    assert_eq!(
        (frame.kind, frame.body),
        (FrameType::Hello, &hello(&NS)[..])
    );
    let long_header = [&1025i32.to_le_bytes()[..], &[b' '; 1025]].concat();
    let error = reader.read_plain(&mut &long_header[..]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "header length 1025 exceeds 1024"
    );
    let header = br#"{"filename": "auth", "total_size": 4294967296, "hash": ""}"#;
    let huge = [&(header.len() as u32).to_le_bytes()[..], header].concat();
    let error = reader.read_plain(&mut &huge[..]);
    let text = "frame body of 4294967296 bytes exceeds 1024";
    assert_eq!(error.unwrap_err().to_string(), text);
    for (kind, refused) in [("hello", true), ("error", false)] {
        let header = format!(r#"{{"filename": "{kind}", "total_size": 0, "hash": "00"}}"#);
        let hashed = [&(header.len() as u32).to_le_bytes()[..], header.as_bytes()].concat();
        let read = reader.read_plain(&mut &hashed[..]);
        assert_eq!(read.is_err(), refused, "{kind}");
    }
}

#[test]
fn a_status_has_exactly_one_field() {
    for status in [
        ExitStatus::Code(0),
        ExitStatus::Code(255),
        ExitStatus::Signal(9),
    ] {
        let read = ExitStatus::decode(status.encode().as_bytes()).unwrap();
        assert_eq!(read, status);
    }
    assert_eq!(ExitStatus::Signal(15).shell_status(), 143);
    for bad in [
        "",
        "{}",
        "{\"code\": 256}",
        "{\"code\": -1}",
        "{\"code\": \"0\"}",
        "{\"signal\": 0}",
        "{\"signal\": 128}",
        "{\"code\": 1.0}",
        "{\"code\": 0, \"signal\": 9}",
        "[0]",
        "{\"x\": 0}",
        "{\"code\": 0, \"code\": 1}",
    ] {
        let error = ExitStatus::decode(bad.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "malformed exit frame", "{bad}");
    }
}
