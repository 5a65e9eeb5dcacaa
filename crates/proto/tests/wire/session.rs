//! Tests frames of a session, split over reads, truncated, changed and reordered: the reader
//! accepts only what the other side has sealed, in that order.

use proto::wire::session::handshake::Agreement;
use proto::wire::session::{
    BODY_LIMIT, FrameReader, FrameType, Opener, PLAIN_HEADER_LIMIT, Sealer,
};
use proto::wire::session::{SessionError, write_plain};

use crate::pieces::{Pieces, cut_at, whole};
use crate::random::Random;

fn server() -> Sealer {
    agreement().into_server().0
}

fn client() -> Opener {
    let welcome = agreement().welcome().to_vec();
    agreement().check_welcome(&welcome).unwrap().1
}

fn agreement() -> Agreement {
    Agreement::new(&[7; 32], &[1; 32], &[2; 32]).unwrap()
}

type Taken = Vec<(FrameType, Vec<u8>)>;

/// Frames of a server, each sealed, and their contents.
fn sealed() -> (Vec<Vec<u8>>, Taken) {
    let mut sealer = server();
    let sent: Taken = vec![
        (FrameType::Stdout, b"one\n".to_vec()),
        (FrameType::Stderr, vec![]),
        (FrameType::Stdout, (0..=255).collect()),
        (FrameType::Exit, br#"{"code": 0}"#.to_vec()),
        (FrameType::Stdout, b"one\n".to_vec()),
    ];
    let seal = |(kind, body): &(FrameType, Vec<u8>)| {
        let mut bytes = Vec::new();
        sealer.send(&mut bytes, [(*kind, body)]).unwrap();
        bytes
    };
    (sent.iter().map(seal).collect(), sent)
}

/// Reads all frames up to the end or the first that is refused; true if it was the end.
fn opened<F: FnMut(usize) -> usize>(stream: &mut Pieces<'_, F>) -> (Taken, bool) {
    let (mut reader, mut opener) = (FrameReader::default(), client());
    let mut taken = Vec::new();
    loop {
        match reader.read_sealed(stream, &mut opener) {
            Ok(Some(frame)) => taken.push((frame.kind, frame.body.to_vec())),
            Ok(None) => return (taken, true),
            Err(error) => {
                let text = error.to_string();
                assert!(
                    !text.contains(char::is_control) && text.len() < 300,
                    "{text:?}"
                );
                return (taken, false);
            }
        }
    }
}

#[test]
fn frames_do_not_depend_on_how_the_stream_is_split() {
    let (frames, sent) = sealed();
    let bytes = frames.concat();
    for place in 0..bytes.len() {
        assert_eq!(opened(&mut cut_at(&bytes, &[place])), (sent.clone(), true));
    }
    let mut random = Random::new(1);
    for most in [2, 5, 100, 500] {
        let got = opened(&mut Pieces::new(&bytes, |_| random.below(most)));
        assert_eq!(got, (sent.clone(), true), "{most}");
    }
}

#[test]
fn a_stream_may_end_only_between_two_frames() {
    let (frames, sent) = sealed();
    let bytes = frames.concat();
    let mut ends = vec![0];
    for frame in &frames {
        ends.push(ends.last().unwrap() + frame.len());
    }
    for end in 0..=bytes.len() {
        let complete = ends.iter().filter(|one| **one <= end).count() - 1;
        let expected = (sent[..complete].to_vec(), ends.contains(&end));
        assert_eq!(opened(&mut whole(&bytes[..end])), expected, "{end}");
    }
}

/// The attacker has no key, but can drop, repeat, move, change and insert frames.
#[test]
fn a_changed_stream_gives_only_a_prefix_of_the_sealed_frames() {
    let (frames, sent) = sealed();
    let mut random = Random::new(2);
    let mut lengths = [0; 6];
    for round in 0..50_000 {
        let mut stream: Vec<Vec<u8>> = frames.clone();
        for _ in 0..=random.below(2) {
            let at = random.below(stream.len());
            match random.below(6) {
                0 => drop(stream.remove(at)),
                1 => stream.insert(at, frames[random.below(frames.len())].clone()),
                2 => {
                    let other = random.below(stream.len());
                    stream.swap(at, other);
                }
                3 => stream.insert(
                    at,
                    (0..random.below(200))
                        .map(|_| random.number() as u8)
                        .collect(),
                ),
                4 => {
                    let most = random.below(stream[at].len() + 1);
                    stream[at].truncate(most);
                }
                _ if stream[at].is_empty() => {}
                _ => {
                    let place = random.below(stream[at].len());
                    stream[at][place] ^= 1 << random.below(8);
                }
            }
            if stream.is_empty() {
                break;
            }
        }
        let bytes = stream.concat();
        let (taken, _) = opened(&mut whole(&bytes));
        assert!(sent.starts_with(&taken), "round {round}: {taken:?}");
        lengths[taken.len()] += 1;
    }
    assert!(lengths.iter().all(|count| *count > 100), "{lengths:?}");
}

/// An unauthenticated peer gets low limits.
#[test]
fn before_authentication_headers_and_bodies_are_limited_to_1_kib() {
    let header =
        |size: u64| format!("{{\"filename\": \"auth\", \"total_size\": {size}, \"hash\": \"\"}}");
    let framed = |header: &str, body: usize| {
        let length = (header.len() as i32).to_le_bytes();
        [&length[..], header.as_bytes(), &vec![b'x'; body]].concat()
    };
    let padded = |length: usize| format!("{:length$}", header(0));
    for (bytes, read, why) in [
        (
            framed(&padded(PLAIN_HEADER_LIMIT + 1), 0),
            4,
            "header length 1025 exceeds 1024",
        ),
        (
            framed(&header(1025), 1025),
            4 + header(1025).len(),
            "frame body of 1025 bytes exceeds 1024",
        ),
        (
            framed(&header(u64::MAX), 99),
            4 + header(u64::MAX).len(),
            "frame body of 18446744073709551615 bytes exceeds 1024",
        ),
        (
            framed("[1]", 99),
            7,
            "the header is an array instead of an object",
        ),
    ] {
        let mut stream = whole(&bytes);
        let error = FrameReader::default().read_plain(&mut stream).unwrap_err();
        assert_eq!((error.to_string().as_str(), stream.given()), (why, read));
    }
    for bytes in [
        framed(&padded(PLAIN_HEADER_LIMIT), 0),
        framed(&header(1024), 1024),
    ] {
        let mut stream = whole(&bytes);
        assert!(
            FrameReader::default()
                .read_plain(&mut stream)
                .unwrap()
                .is_some()
        );
        assert_eq!(stream.given(), bytes.len());
    }
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    for size in [BODY_LIMIT as u64 + 1, 1 << 32, u64::MAX] {
        let header =
            format!("{{\"filename\": \"stdout\", \"total_size\": {size}, \"hash\": \"\"}}");
        let bytes = [
            &(header.len() as i32).to_le_bytes()[..],
            header.as_bytes(),
            b"body",
        ]
        .concat();
        let mut stream = whole(&bytes);
        let mut reader = FrameReader::default();
        let error = reader.read_sealed(&mut stream, &mut client()).unwrap_err();
        assert!(
            matches!(
                error,
                SessionError::TooLong {
                    limit: BODY_LIMIT,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(stream.given(), 4 + header.len());
    }
    let mut plain = Vec::new();
    write_plain(&mut plain, FrameType::Stdout, b"never sealed").unwrap();
    let mut reader = FrameReader::default();
    let error = reader
        .read_sealed(&mut whole(&plain), &mut client())
        .unwrap_err();
    assert_eq!(error.to_string(), "frame 0 failed its authenticity check");
}
