//! Decodes the lesson's protocols in forwarded bytes: the fields, and what is still missing.

use std::mem;

use proto::cli::Failure;
use proto::escape::readable;
use proto::wire::frame::{self, FrameError, HEADER_LIMIT, PREFIX};
use proto::wire::header::{Header, HeaderError};
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

/// The values of `--decode`.
pub const LANGUAGES: &[(&str, Language)] = &[
    ("length", Language::Length),
    ("header", Language::Header),
    ("session", Language::Session),
    ("lines", Language::Lines),
];

/// The maximum number of fields for one piece of data; the others are only counted.
const FIELDS: usize = 32;

/// How many bytes of the data a decoded field has, and the field in words.
pub type Field = (usize, String);

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
        while !bytes.is_empty() && !self.sides[from as usize].is_broken {
            let (len, text) = self.next(from, bytes).unwrap_or_else(|why| {
                self.sides[from as usize].is_broken = true;
                (bytes.len(), format!("does not decode: {why}"))
            });
            bytes = &bytes[len..];
            fields.push((len, text));
        }
        if let more @ 1.. = fields.len().saturating_sub(FIELDS) {
            fields.truncate(FIELDS);
            fields[FIELDS - 1].1 += &format!(", and {more} more fields");
        }
        fields
    }

    /// The field that the bytes begin with, or why they do not decode.
    fn next(&mut self, from: Side, bytes: &[u8]) -> Result<Field, Failure> {
        let reader = &mut self.sides[from as usize];
        if let Some(field) = reader.body(bytes) {
            return Ok(field);
        }
        match (self.language, from) {
            (Language::Lines, _) => Ok(reader.line(bytes)),
            (Language::Header, Side::Client) => Ok((bytes.len(), "command".into())),
            (Language::Length, Side::Client) => Ok(self.ready(bytes)),
            (Language::Length, Side::Server) => reader.digits(bytes),
            (language, _) => reader.header(language, bytes),
        }
    }

    /// A command, or the client's `recv_ready`, which may come in parts. Once it is complete, the
    /// body is next, of the length that the server has sent.
    fn ready(&mut self, bytes: &[u8]) -> Field {
        let [client, server] = &mut self.sides;
        client.bytes.extend(bytes);
        let come = client.bytes.len();
        if !READY.starts_with(&client.bytes) {
            client.bytes.clear();
            return (bytes.len(), "command".into());
        }
        if come == READY.len() {
            client.bytes.clear();
            if let Ok(length) = length_first::decode(&mem::take(&mut server.bytes), u64::MAX) {
                server.expect("body".into(), length);
            }
        }
        let text = format!("ready for the body, {come} of {} bytes", READY.len());
        (bytes.len(), text)
    }
}

#[derive(Debug, Default)]
struct Reader {
    /// The digits of a length, or a header and the four bytes before it, as far as they have come.
    bytes: Vec<u8>,
    /// The body, or frame of the session, that comes now: its name and size.
    body: Option<(String, u64)>,
    /// How many bytes of the header, the body or (at least) the line are missing.
    missing: u64,
    lines: u64,
    /// The stream did not decode: no more fields.
    is_broken: bool,
}

impl Reader {
    fn line(&mut self, bytes: &[u8]) -> Field {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let which = match (end, self.missing) {
            (Some(_), 0) => "line",
            (Some(_), _) => "end of line",
            (None, _) => "part of line",
        };
        self.lines += u64::from(self.missing == 0);
        self.missing = u64::from(end.is_none());
        let text = format!("{which} {}", self.lines);
        (end.map_or(bytes.len(), |end| end + 1), text)
    }

    /// The digits of a length have no end until the client sends `recv_ready`.
    fn digits(&mut self, bytes: &[u8]) -> Result<Field, Failure> {
        self.bytes.extend(bytes);
        let length = length_first::decode(&self.bytes, u64::MAX)?;
        Ok((bytes.len(), format!("length so far: {length}")))
    }

    /// Four bytes with the length of a header, or the header.
    fn header(&mut self, language: Language, bytes: &[u8]) -> Result<Field, Failure> {
        // At the beginning of a message its length is missing.
        let missing = PREFIX.saturating_sub(self.bytes.len());
        let count = missing.max(self.missing as usize).min(bytes.len());
        self.bytes.extend(&bytes[..count]);
        let mut header = Vec::new();
        let text = match frame::read(&mut &self.bytes[..], HEADER_LIMIT, &mut header) {
            Err(FrameError::Short { got, of }) => {
                self.missing = (of - got) as u64;
                match self.bytes.len() {
                    ..PREFIX => format!("length of the header, {got} of {of} bytes"),
                    PREFIX => format!("length of the header: {of}"),
                    _ => format!("header, {got} of {of} bytes"),
                }
            }
            Err(error) => return Err(error.into()),
            Ok(_) => {
                self.bytes.clear();
                let (name, size) = announced(language, &header)?;
                let text = format!("header: {name} of {size} bytes");
                self.expect(name, size);
                text
            }
        };
        Ok((count, text))
    }

    /// Goes on to a body.
    fn expect(&mut self, name: String, size: u64) {
        self.missing = size;
        self.body = (size > 0).then_some((name, size));
    }

    /// The next part of a body; `None` if no body comes now.
    fn body(&mut self, bytes: &[u8]) -> Option<Field> {
        let (name, size) = self.body.as_ref()?;
        let count = self.missing.min(bytes.len() as u64);
        self.missing -= count;
        let text = match self.missing {
            0 => format!("{name}, whole ({size} bytes)"),
            missing => format!("{name}, {} of {size} bytes", size - missing),
        };
        if self.missing == 0 {
            self.body = None;
        }
        Some((count as usize, text))
    }
}

/// The name and the size of what follows a header.
fn announced(language: Language, header: &[u8]) -> Result<(String, u64), HeaderError> {
    if language == Language::Header {
        return Ok(("body".into(), Header::decode_lesson(header)?.total_size));
    }
    let header = Header::decode_session(header)?;
    let kind = readable(header.filename.as_bytes(), 40);
    Ok((format!("{kind} frame"), header.total_size))
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
