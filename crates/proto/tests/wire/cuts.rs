//! Tests frames of the lesson's header protocol, split over reads in every way and truncated at
//! every byte.

use std::io::Read;

use proto::wire::frame::{self, FrameError, HEADER_LIMIT, PREFIX};
use proto::wire::header::Header;
use proto::wire::read_full;

use crate::pieces::{Pieces, cut_at, whole};
use crate::random::Random;

/// A header, its body, and the positions at which the length, the header and the body end.
struct Sent {
    header: Header,
    body: Vec<u8>,
    ends: [usize; 3],
}

/// Three replies in a row, as a server of the lesson sends them.
fn replies() -> (Vec<u8>, Vec<Sent>) {
    let mut bytes = Vec::new();
    let all: Vec<u8> = (0..=255).collect();
    let mut sent = Vec::new();
    for (filename, body) in [
        ("a.txt", &b"hello"[..]),
        ("\u{554a}", b""),
        ("\"\\\u{1f600}\0", &all),
    ] {
        let header = Header {
            filename: filename.into(),
            total_size: body.len() as u64,
            hash: "not computed".into(),
        };
        let start = bytes.len();
        frame::encode(header.encode().as_bytes(), &mut bytes).unwrap();
        let ends = [start + PREFIX, bytes.len(), bytes.len() + body.len()];
        bytes.extend_from_slice(body);
        sent.push(Sent {
            header,
            body: body.to_vec(),
            ends,
        });
    }
    (bytes, sent)
}

/// Reads replies until the stream ends or one is broken, and returns them with the reason.
fn received(stream: &mut impl Read) -> (Vec<(Header, Vec<u8>)>, String) {
    let mut replies = Vec::new();
    let mut header = Vec::new();
    loop {
        match frame::read(stream, HEADER_LIMIT, &mut header) {
            Ok(true) => {}
            Ok(false) => return (replies, "closed".into()),
            Err(error) => return (replies, error.to_string()),
        }
        let header = Header::decode_lesson(&header).unwrap();
        let mut body = vec![0; header.total_size as usize];
        let got = read_full(stream, &mut body).unwrap();
        if got < body.len() {
            return (
                replies,
                format!("got {got} of {} bytes of a body", body.len()),
            );
        }
        replies.push((header, body));
    }
}

fn as_received(sent: &[Sent]) -> Vec<(Header, Vec<u8>)> {
    sent.iter()
        .map(|one| (one.header.clone(), one.body.clone()))
        .collect()
}

#[test]
fn replies_in_three_pieces_are_read_whole() {
    let (bytes, sent) = replies();
    let expected = (as_received(&sent), "closed".to_owned());
    for first in 0..bytes.len() {
        for second in first..bytes.len() {
            let places = [first, second];
            let got = received(&mut cut_at(&bytes, &places));
            assert!(got == expected, "cut at {places:?}: {got:?}");
        }
    }
}

#[test]
fn replies_in_single_bytes_and_random_pieces_are_read_whole() {
    let (bytes, sent) = replies();
    let expected = (as_received(&sent), "closed".to_owned());
    assert_eq!(received(&mut Pieces::new(&bytes, |_| 1)), expected);
    let mut random = Random::new(1);
    for most in [2, 3, 7, 50, 300] {
        for round in 0..500 {
            // A size of zero makes a read that a signal interrupts.
            let got = received(&mut Pieces::new(&bytes, |_| random.below(most)));
            assert!(got == expected, "round {round} of at most {most}: {got:?}");
        }
    }
}

#[test]
fn a_truncated_stream_gives_the_complete_replies_and_the_right_error() {
    let (bytes, sent) = replies();
    for end in 0..=bytes.len() {
        let complete = sent.iter().take_while(|one| one.ends[2] <= end).count();
        let start = complete.checked_sub(1).map_or(0, |last| sent[last].ends[2]);
        let got = end - start;
        let how = match sent.get(complete).map(|next| next.ends) {
            _ if got == 0 => "closed".to_owned(),
            Some([prefix, ..]) if end < prefix => format!("got {got} of 4 bytes of a header"),
            Some([prefix, header, _]) if end < header => {
                format!(
                    "got {} of {} bytes of a header",
                    end - prefix,
                    header - prefix
                )
            }
            Some([_, header, body]) => {
                format!("got {} of {} bytes of a body", end - header, body - header)
            }
            None => panic!("nothing can be left at {end}"),
        };
        let expected = (as_received(&sent[..complete]), how);
        assert_eq!(received(&mut whole(&bytes[..end])), expected, "{end}");
        assert_eq!(
            received(&mut Pieces::new(&bytes[..end], |_| 1)),
            expected,
            "{end}"
        );
    }
}

#[test]
fn a_header_as_long_as_the_limit_is_the_longest_accepted() {
    for limit in [1, 2, 1023, 1024, 4096, 4097, HEADER_LIMIT] {
        let mut bytes = (limit as i32).to_le_bytes().to_vec();
        bytes.resize(PREFIX + limit, b'x');
        bytes.extend_from_slice(b"rest");
        let mut header = Vec::new();
        let mut stream = whole(&bytes);
        assert!(frame::read(&mut stream, limit, &mut header).unwrap());
        assert_eq!((header.len(), stream.given()), (limit, PREFIX + limit));

        let mut stream = whole(&bytes);
        let error = frame::read(&mut stream, limit - 1, &mut header).unwrap_err();
        let text = format!("header length {limit} exceeds {}", limit - 1);
        assert_eq!(error.to_string(), text);
        assert_eq!(stream.given(), PREFIX);
    }
}

/// A length that is refused takes no memory, and one whose bytes do not arrive takes little.
#[test]
fn announced_bytes_that_do_not_arrive_take_no_memory() {
    for length in [i32::MIN, -1, 0, HEADER_LIMIT as i32 + 1, i32::MAX] {
        let mut header = Vec::new();
        let bytes = [&length.to_le_bytes()[..], &[b'x'; 100]].concat();
        let mut stream = whole(&bytes);
        assert!(frame::read(&mut stream, HEADER_LIMIT, &mut header).is_err());
        assert_eq!((stream.given(), header.capacity()), (PREFIX, 0), "{length}");
    }
    for come in [0, 1, 4096, 5000, 60_000] {
        let mut header = Vec::new();
        let mut bytes = (HEADER_LIMIT as i32).to_le_bytes().to_vec();
        bytes.resize(PREFIX + come, b'x');
        let mut stream = whole(&bytes);
        let error = frame::read(&mut stream, HEADER_LIMIT, &mut header).unwrap_err();
        let is_short = matches!(error, FrameError::Short { got, of: HEADER_LIMIT } if got == come);
        assert!(is_short, "{error}");
        assert!(stream.most_asked() <= 4096);
        assert!(
            header.capacity() <= 2 * (come + 4096),
            "{}",
            header.capacity()
        );
    }
}
