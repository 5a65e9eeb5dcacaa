//! Decodes the lesson's protocols in forwarded bytes: the fields, and what is still missing.

use std::mem;

use proto::escape::readable;
use proto::wire::frame::{HEADER_LIMIT, PREFIX};
use proto::wire::header::Header;
use proto::wire::length_first::{self, READY};

use crate::event::Side;

/// The protocol that the bytes are decoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A length in digits, `recv_ready`, then the body.
    Length,
    /// From the server: four bytes, a JSON header, then the body.
    Header,
    /// The header protocol in both directions: Dialtone's session protocol.
    Session,
    /// Text that ends with a line feed.
    Lines,
}

impl Language {
    /// The values of `--decode`.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("length", Self::Length),
        ("header", Self::Header),
        ("session", Self::Session),
        ("lines", Self::Lines),
    ];
}

/// The maximum number of fields for one piece of data; the others are only counted.
const FIELDS: usize = 32;

/// How many bytes of the data a decoded field has, and the field in words.
pub type Field = (usize, String);

/// The description of the next bytes, or why they do not decode; and how many they are.
type Next = (Result<String, String>, usize);

/// Decodes both directions of one conversation.
#[derive(Debug)]
pub struct Decoder {
    language: Language,
    sides: [Reader; 2],
}

impl Decoder {
    /// A decoder for a new conversation.
    pub fn new(language: Language) -> Self {
        let sides = Default::default();
        Self { language, sides }
    }

    /// Decodes bytes that `from` has sent.
    pub fn read(&mut self, from: Side, mut bytes: &[u8]) -> Vec<Field> {
        let mut fields = Vec::new();
        while !bytes.is_empty() && !matches!(self.sides[from as usize].part, Part::Broken) {
            let (text, len) = self.next(from, bytes);
            bytes = &bytes[len..];
            let text = text.unwrap_or_else(|why| {
                self.sides[from as usize].part = Part::Broken;
                format!("does not decode: {why}")
            });
            fields.push((len, text));
        }
        if let more @ 1.. = fields.len().saturating_sub(FIELDS) {
            fields.truncate(FIELDS);
            fields[FIELDS - 1].1 += &format!(", and {more} more fields");
        }
        fields
    }

    fn next(&mut self, from: Side, bytes: &[u8]) -> Next {
        let reader = &mut self.sides[from as usize];
        match (self.language, from, &reader.part) {
            (Language::Lines, ..) => reader.line(bytes),
            (Language::Header, Side::Client, _) => (Ok("command".into()), bytes.len()),
            (Language::Length, Side::Client, _) => self.ready(bytes),
            (Language::Length, Side::Server, Part::First) => reader.digits(bytes),
            (language, ..) => reader.part(language == Language::Session, bytes),
        }
    }

    /// A command, or the client's `recv_ready`, which may come in parts. Once it is complete, the
    /// body is next, of the length that the server has sent.
    fn ready(&mut self, bytes: &[u8]) -> Next {
        let [client, server] = &mut self.sides;
        client.bytes.extend(bytes);
        let come = client.bytes.len();
        let is_ready = READY.starts_with(&client.bytes);
        if !is_ready || come == READY.len() {
            client.bytes.clear();
        }
        if !is_ready {
            return (Ok("command".into()), bytes.len());
        }
        if come == READY.len()
            && let Ok(length) = length_first::decode(&mem::take(&mut server.bytes), u64::MAX)
        {
            server.part = Part::body("body".into(), length);
        }
        let text = format!("ready for the body, {come} of {} bytes", READY.len());
        (Ok(text), bytes.len())
    }
}

/// The next part of a message.
#[derive(Debug, Default)]
enum Part {
    /// The four bytes of a header's length, or the digits of a length.
    #[default]
    First,
    /// A header.
    Header(usize),
    /// A body, or a frame of the session.
    Body(String, u64),
    /// The stream did not decode: no more fields.
    Broken,
}

impl Part {
    fn body(name: String, size: u64) -> Self {
        match size {
            0 => Self::First,
            size => Self::Body(name, size),
        }
    }
}

#[derive(Debug, Default)]
struct Reader {
    part: Part,
    /// How many bytes of the part have come, and those that can only be decoded together.
    come: u64,
    bytes: Vec<u8>,
    lines: u64,
}

impl Reader {
    fn line(&mut self, bytes: &[u8]) -> Next {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let which = match (end, self.come) {
            (Some(_), 0) => "line",
            (Some(_), _) => "end of line",
            (None, _) => "part of line",
        };
        self.lines += u64::from(self.come == 0);
        self.come = u64::from(end.is_none());
        let text = format!("{which} {}", self.lines);
        (Ok(text), end.map_or(bytes.len(), |end| end + 1))
    }

    /// The digits of a length have no end until the client sends `recv_ready`.
    fn digits(&mut self, bytes: &[u8]) -> Next {
        self.bytes.extend(bytes);
        let length = length_first::decode(&self.bytes, u64::MAX);
        let text = length.map(|length| format!("length so far: {length}"));
        (text.map_err(|error| error.to_string()), bytes.len())
    }

    fn part(&mut self, is_session: bool, bytes: &[u8]) -> Next {
        let (name, size) = match &self.part {
            Part::First | Part::Broken => ("length of the header", PREFIX as u64),
            Part::Header(size) => ("header", *size as u64),
            Part::Body(name, size) => (name.as_str(), *size),
        };
        let count = (size - self.come).min(bytes.len() as u64) as usize;
        self.come += count as u64;
        let text = format!("{name}, {} of {size} bytes", self.come);
        if !matches!(self.part, Part::Body(..)) {
            self.bytes.extend(&bytes[..count]);
        }
        match self.come == size {
            true => (self.whole(is_session), count),
            false => (Ok(text), count),
        }
    }

    /// Describes a complete part, and goes on to the next.
    fn whole(&mut self, is_session: bool) -> Result<String, String> {
        self.come = 0;
        let bytes = mem::take(&mut self.bytes);
        match mem::take(&mut self.part) {
            Part::Body(name, size) => Ok(format!("{name}, whole ({size} bytes)")),
            Part::Header(_) => {
                let header = match is_session {
                    true => Header::decode_session(&bytes),
                    false => Header::decode_lesson(&bytes),
                };
                let header = header.map_err(|error| error.to_string())?;
                let (kind, size) = (header.filename.as_bytes(), header.total_size);
                let name = match is_session {
                    true => format!("{} frame", readable(kind, 40)),
                    false => "body".into(),
                };
                let text = format!("header: {name} of {size} bytes");
                self.part = Part::body(name, size);
                Ok(text)
            }
            Part::First | Part::Broken => {
                let size = bytes.try_into().map_or(0, i32::from_le_bytes);
                let length = usize::try_from(size).unwrap_or(0);
                if !(1..=HEADER_LIMIT).contains(&length) {
                    return Err(format!("a header of {size} bytes"));
                }
                self.part = Part::Header(length);
                Ok(format!("length of the header: {size}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::wire::header::Header;

    fn texts(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.1.as_str()).collect()
    }

    fn reply(name: &str, body: &[u8]) -> Vec<u8> {
        let header = Header {
            filename: name.into(),
            total_size: body.len() as u64,
            hash: String::new(),
        }
        .encode();
        let size = i32::try_from(header.len()).unwrap().to_le_bytes();
        [&size, header.as_bytes(), body].concat()
    }

    #[test]
    fn a_header_reply_is_read_in_its_parts() {
        let mut decoder = Decoder::new(Language::Header);
        assert_eq!(texts(&decoder.read(Side::Client, b"ls")), ["command"]);
        let bytes = [reply("a.txt", b"hello"), reply("b", b"")].concat();
        let fields = decoder.read(Side::Server, &bytes);
        let size = reply("a.txt", b"").len() - 4;
        let length = format!("length of the header: {size}");
        assert_eq!(
            texts(&fields)[..3],
            [&length, "header: body of 5 bytes", "body, whole (5 bytes)"]
        );
        assert_eq!([fields[0].0, fields[1].0, fields[2].0], [4, size, 5]);
        assert_eq!(texts(&fields)[4..], ["header: body of 0 bytes"]);
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_whole_parts() {
        let whole = [reply("stdout", b"some words"), reply("exit", b"{}")].concat();
        let last = |fields: Vec<Field>| fields.last().map(|field| field.1.clone());
        let expected = last(Decoder::new(Language::Session).read(Side::Server, &whole));
        assert_eq!(expected.as_deref(), Some("exit frame, whole (2 bytes)"));
        for cut in 1..whole.len() {
            let mut decoder = Decoder::new(Language::Session);
            let first = decoder.read(Side::Server, &whole[..cut]);
            let second = decoder.read(Side::Server, &whole[cut..]);
            let covered: usize = first.iter().chain(&second).map(|field| field.0).sum();
            assert_eq!(covered, whole.len(), "{cut}");
            assert_eq!(last(second), expected, "{cut}");
        }
    }

    #[test]
    fn a_length_ends_when_the_client_sends_recv_ready() {
        let mut decoder = Decoder::new(Language::Length);
        decoder.read(Side::Client, b"ls");
        let cut = decoder.read(Side::Server, b"1");
        assert_eq!(texts(&cut), ["length so far: 1"]);
        assert_eq!(
            texts(&decoder.read(Side::Server, b"2")),
            ["length so far: 12"]
        );
        let part = decoder.read(Side::Client, b"recv_");
        assert_eq!(texts(&part), ["ready for the body, 5 of 10 bytes"]);
        decoder.read(Side::Client, b"ready");
        assert_eq!(
            texts(&decoder.read(Side::Server, b"hello ")),
            ["body, 6 of 12 bytes"]
        );
        let glued = decoder.read(Side::Server, b"world!3");
        assert_eq!(
            texts(&glued),
            ["body, whole (12 bytes)", "length so far: 3"]
        );
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut decoder = Decoder::new(Language::Session);
        let fields = decoder.read(Side::Server, &reply(&"x".repeat(1000), b"body"));
        assert!(texts(&fields).iter().all(|text| text.len() < 100));
    }

    #[test]
    fn cut_and_glued_lines_are_recognized() {
        let mut decoder = Decoder::new(Language::Lines);
        let fields = decoder.read(Side::Client, b"one\ntwo\nthr");
        assert_eq!(texts(&fields), ["line 1", "line 2", "part of line 3"]);
        assert_eq!(
            texts(&decoder.read(Side::Client, b"ee\n")),
            ["end of line 3"]
        );
        let many = decoder.read(Side::Server, &b"\n".repeat(1000));
        assert_eq!(many.len(), FIELDS);
        assert!(many[FIELDS - 1].1.ends_with("and 968 more fields"));
    }

    #[test]
    fn a_decode_error_is_reported_once() {
        for (language, bytes) in [
            (Language::Header, &b"HTTP/1.1 200 OK\r\n"[..]),
            (Language::Header, &[2, 0, 0, 0, b'[', b']'][..]),
            (Language::Length, &b"12 bytes"[..]),
            (Language::Session, &[0; 4][..]),
        ] {
            let mut decoder = Decoder::new(language);
            let fields = decoder.read(Side::Server, bytes);
            let last = fields.last().unwrap();
            assert!(last.1.starts_with("does not decode: "), "{last:?}");
            assert!(decoder.read(Side::Server, b"more").is_empty());
        }
    }
}
