//! Feeds changed frames to every decoder: none may panic or allocate much more than the bytes
//! received, and an accepted frame can be written and read again.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display, Write};

use proto::wire::frame::{self, HEADER_LIMIT, PREFIX};
use proto::wire::header::{Header, HeaderError};
use proto::wire::json;
use proto::wire::session::{ExitStatus, FrameReader, FrameType, write_plain};
use proto::wire::{length_first, pack};

use crate::documents::{BAD, CHOSEN, GOOD};
use crate::footprint::footprint;
use crate::pieces::whole;
use crate::random::Random;

/// The texts that a mutation inserts: each has a meaning in one of the formats.
#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"\\u", b"\\ud800", b"\\u0000", b"null", b"true", b"-", b"-0",
    b"1e3", b"1.0", b"18446744073709551615", b"18446744073709551616", b"\"filename\"", b"\"total_size\": ",
    b"\"hash\": \"\", ", b"\"exit\"", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\xff\xff\xff\x7f", b"\0\0\x01\0",
    b"\xef\xbb\xbf", b"\xc3\xa9", b"\xed\xa0\x80", b"\xff", b"\x1b[2J", b"GET ", b"HTTP", b"SSH-", b"\x16\x03\x01",
    b" ", b"\n", b"_", b"[[[[[[[[[[[[[[[[", b"{\"code\": 0}",
];

/// The possible outcomes of each decoder.
#[rustfmt::skip]
const OUTCOMES: &[(&str, &[&str])] = &[
    ("frame", &["none", "Short", "Negative", "Empty", "TooLong", "WrongProtocol"]),
    ("json", &["taken", "NotUtf8", "ByteOrderMark", "Ended", "Expected", "Number", "Control", "Escape", "TooDeep", "Trailing"]),
    ("lesson", &["taken", "Json", "NotAnObject", "Missing", "NotASize", "TooLarge"]),
    ("session", &["taken", "Json", "NotAnObject", "Missing", "NotText", "NotASize", "TooLarge", "Unknown", "Twice"]),
    ("exit", &["taken", "MalformedExit"]),
    ("plain", &["taken", "none", "Frame", "Header", "TooLong", "Short", "UnknownType"]),
    ("length", &["taken", "Invalid", "TooLong"]),
    ("pack", &["taken", "PackError"]),
];

fn framed(header: &[u8]) -> Vec<u8> {
    [&(header.len() as i32).to_le_bytes(), header].concat()
}

/// Valid and nearly valid frames of the lesson and of a session, and lengths in digits.
fn frames() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = vec![b"65537".to_vec(), b"007".to_vec(), vec![b'9'; 100]];
    #[rustfmt::skip]
    let sizes = ["0", "5", "-1", "-0", "1.0", "1e3", "\"5\"", "true", "null", "[]", "18446744073709551616"];
    for size in sizes {
        let header =
            format!("{{\"filename\": \"a.txt\", \"total_size\": {size}, \"hash\": \"x\"}}");
        frames.push(framed(header.as_bytes()));
    }
    for header in [
        r#"{"code": 0}"#,
        r#"{"signal": 9}"#,
        r#"{"total_size": 5}"#,
        r#"{"filename": 1, "total_size": 5, "hash": ""}"#,
        r#"{"hash": "xasf123213123", "filename": "\u554a", "total_size": 5, "more": [{}]}"#,
        r#"{"total_size": 1, "total_size": 2, "hash": 3}"#,
        r#"{"filename": "exit", "total_size": 300, "hash": ""}"#,
    ] {
        frames.push(framed(header.as_bytes()));
    }
    for kind in FrameType::ALL {
        let mut bytes = Vec::new();
        write_plain(&mut bytes, kind, b"some body").unwrap();
        frames.push(bytes);
    }
    frames
}

/// Every document of the JSON tests, as a header.
fn headers() -> Vec<Vec<u8>> {
    let good = GOOD
        .iter()
        .chain(CHOSEN)
        .map(|(document, _)| document.as_bytes());
    let bad = BAD
        .iter()
        .flat_map(|(_, documents)| documents.iter().copied());
    good.chain(bad).map(framed).collect()
}

/// Makes one change, mostly a small one.
fn mutate(bytes: &mut Vec<u8>, goldens: &[Vec<u8>], random: &mut Random) {
    let place = random.below(bytes.len() + 1);
    match random.below(9) {
        0 | 1 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
        2 if place < bytes.len() => bytes[place] = random.number() as u8,
        3 => bytes.truncate(place),
        4 => {
            let end = bytes.len().min(place + 1 + random.below(8));
            bytes.drain(place..end);
        }
        5 => {
            let end = bytes.len().min(place + 1 + random.below(40));
            let copy = bytes[place..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        6 => {
            let other = &goldens[random.below(goldens.len())];
            bytes.truncate(place);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ => {
            let token = random.one_of(TOKENS);
            bytes.splice(place..place, token.iter().copied());
        }
    }
}

/// How often each decoder had each outcome.
#[derive(Default)]
struct Seen {
    counts: BTreeMap<&'static str, BTreeMap<String, u32>>,
    shown: String,
}

impl Seen {
    fn count(&mut self, decoder: &'static str, outcome: &str) {
        let counts = self.counts.entry(decoder).or_default();
        match counts.get_mut(outcome) {
            Some(count) => *count += 1,
            None => drop(counts.insert(outcome.into(), 1)),
        }
    }

    /// Counts an error by its variant, and checks that its text is one short line.
    fn refused(&mut self, decoder: &'static str, error: &impl Display, variant: &impl Debug) {
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        write!(shown, "{error}").unwrap();
        assert!(
            !shown.contains(char::is_control) && shown.len() < 300,
            "{shown:?}"
        );
        shown.clear();
        write!(shown, "{variant:?}").unwrap();
        let name = shown.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        self.count(decoder, name);
        self.shown = shown;
    }

    fn times(&self, decoder: &str, outcome: &str) -> u32 {
        let counts = self.counts.get(decoder);
        counts
            .and_then(|counts| counts.get(outcome))
            .copied()
            .unwrap_or(0)
    }
}

fn decode(bytes: &[u8], seen: &mut Seen) {
    let mut header = Vec::new();
    let mut stream = whole(bytes);
    match frame::read(&mut stream, HEADER_LIMIT, &mut header) {
        Ok(true) => {
            assert_eq!(header, bytes[PREFIX..stream.given()]);
            let mut again = Vec::new();
            frame::encode(&header, &mut again).unwrap();
            assert_eq!(again, bytes[..stream.given()]);
            decode_header(&header, seen);
        }
        Ok(false) => seen.count("frame", "none"),
        Err(error) => seen.refused("frame", &error, &error),
    }
    assert!(stream.most_asked() <= 4096 && header.capacity() <= 2 * (bytes.len() + 4096));

    let mut reader = FrameReader::default();
    match reader.read_plain(&mut whole(bytes)) {
        Ok(Some(frame)) => {
            assert!(frame.body.len() <= 256);
            let mut again = Vec::new();
            write_plain(&mut again, frame.kind, frame.body).unwrap();
            let (kind, body) = (frame.kind, frame.body.to_vec());
            let mut reader = FrameReader::default();
            let frame = reader.read_plain(&mut whole(&again)).unwrap().unwrap();
            assert_eq!((frame.kind, frame.body), (kind, &body[..]));
            seen.count("plain", "taken");
        }
        Ok(None) => seen.count("plain", "none"),
        Err(error) => seen.refused("plain", &error, &error),
    }

    match length_first::decode(bytes, 70_000) {
        Ok(length) => {
            assert!(length <= 70_000);
            let again = length_first::encode(length);
            assert_eq!(length_first::decode(again.as_bytes(), length), Ok(length));
            seen.count("length", "taken");
        }
        Err(error) => seen.refused("length", &error, &error),
    }

    let short = &bytes[..bytes.len().min(5)];
    match pack::unpack("<i", short) {
        Ok(number) => {
            assert_eq!(pack::pack("<i", number.into()).unwrap(), short);
            seen.count("pack", "taken");
        }
        Err(error) => seen.refused("pack", &error, &error),
    }
}

/// The rule that a header breaks, by the words of the error.
fn rule(error: &HeaderError) -> &'static str {
    let text = error.to_string();
    let rules = [
        ("the header is broken", "Json"),
        (" instead of an object", "NotAnObject"),
        (" missing in the header", "Missing"),
        (" instead of a string", "NotText"),
        ("total_size is", "NotASize"),
        ("more than any file", "TooLarge"),
        ("must not be there", "Unknown"),
        (" twice", "Twice"),
    ];
    let found = rules.into_iter().find(|(words, _)| text.contains(words));
    found.unwrap().1
}

fn decode_header(bytes: &[u8], seen: &mut Seen) {
    match json::parse(bytes) {
        Ok(value) => {
            assert!(footprint(&value) < 64 * bytes.len());
            let written = value.to_string();
            assert_eq!(json::parse(written.as_bytes()), Ok(value));
            seen.count("json", "taken");
        }
        Err(error) => {
            assert!(error.at <= bytes.len());
            seen.refused("json", &error, &error.problem);
        }
    }
    for (name, decode) in [
        (
            "lesson",
            Header::decode_lesson as fn(&[u8]) -> Result<Header, HeaderError>,
        ),
        ("session", Header::decode_session),
    ] {
        match decode(bytes) {
            Ok(header) => {
                let written = header.encode();
                assert_eq!(decode(written.as_bytes()), Ok(header.clone()));
                assert_eq!(Header::decode_session(written.as_bytes()), Ok(header));
                seen.count(name, "taken");
            }
            Err(error) => seen.refused(name, &error, &format_args!("{}", rule(&error))),
        }
    }
    match ExitStatus::decode(bytes) {
        Ok(status) => {
            let again = ExitStatus::decode(status.encode().as_bytes());
            assert_eq!(again.unwrap(), status);
            seen.count("exit", "taken");
        }
        Err(error) => seen.refused("exit", &error, &error),
    }
}

#[test]
fn mutated_frames_cause_no_panic_and_no_large_allocation() {
    mutate_and_decode(0x5eed, 200_000);
}

#[test]
#[ignore = "a soak: see .ci/run"]
fn soak_of_mutated_frames() {
    for seed in 1..=5 {
        mutate_and_decode(seed, 1_000_000);
    }
}

fn mutate_and_decode(seed: u64, frames_in_all: u32) {
    let goldens = [frames(), headers()];
    let mut seen = Seen::default();
    let mut random = Random::new(seed);
    let mut bytes = Vec::new();
    for _ in 0..frames_in_all {
        let goldens = &goldens[random.below(goldens.len())];
        bytes.clone_from(&goldens[random.below(goldens.len())]);
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, goldens, &mut random);
        }
        // Half of the frames get a correct length again, so that the decoders see the changes after
        // it.
        if random.below(2) == 0 && bytes.len() > PREFIX {
            let length = (bytes.len() - PREFIX) as i32;
            bytes[..PREFIX].copy_from_slice(&length.to_le_bytes());
        }
        decode(&bytes, &mut seen);
    }
    // Every outcome of every decoder has occurred.
    for (decoder, outcomes) in OUTCOMES {
        for outcome in *outcomes {
            let times = seen.times(decoder, outcome);
            assert!(times >= 10, "{decoder} {outcome}: {times} times");
        }
    }
}
