//! Reading the lesson's protocols in bytes that have crossed: fields, and what is still missing.

use std::fmt::Display;

use proto::escape::readable;
use proto::wire::frame::{HEADER_LIMIT, PREFIX};
use proto::wire::header::Header;
use proto::wire::length_first::{self, READY};

use crate::event::Side;

/// What the bytes are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A length in digits, `recv_ready`, then the body.
    Length,
    /// Four bytes, a JSON header, then the body, from the server.
    Header,
    /// The same, in both directions: Dialtone's session protocol.
    Session,
    /// Text that ends with a line feed.
    Lines,
}

impl Language {
    /// The words of `--decode`.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("length", Self::Length),
        ("header", Self::Header),
        ("session", Self::Session),
        ("lines", Self::Lines),
    ];
}

/// The most fields that one piece of data gives; the rest is counted.
const FIELDS: usize = 32;

/// What was read in some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where in the side's stream the bytes begin.
    pub offset: u64,
    /// How many bytes of it came now.
    pub len: usize,
    /// What they are.
    pub text: String,
}

/// Reads both directions of one conversation.
#[derive(Debug)]
pub struct Decoder {
    language: Language,
    sides: [Reader; 2],
}

#[derive(Debug, Default)]
struct Reader {
    offset: u64,
    part: Part,
    /// What has come of a part that is not whole yet, where it has to be read as one.
    come: Vec<u8>,
    lines: u64,
    fields: Vec<Field>,
}

/// Which part of a message comes next.
#[derive(Debug, Default)]
enum Part {
    /// The four bytes of a header's length, the digits of a length, or a line.
    #[default]
    First,
    /// A header of so many bytes.
    Header(usize),
    /// So many bytes of a body are missing, of how many.
    Body { name: String, missing: u64, of: u64 },
    /// It does not decode; the rest is shown raw.
    Broken,
}

impl Decoder {
    /// A reader at the beginning of a conversation.
    pub fn new(language: Language) -> Self {
        let sides = Default::default();
        Self { language, sides }
    }

    /// Reads bytes that `from` has sent.
    pub fn read(&mut self, from: Side, bytes: &[u8]) -> Vec<Field> {
        let reader = &mut self.sides[from as usize];
        match (self.language, from) {
            (Language::Lines, _) => reader.read_lines(bytes),
            (Language::Session, _) => reader.read_frames(bytes, true),
            (Language::Header, Side::Server) => reader.read_frames(bytes, false),
            (Language::Length, Side::Server) => reader.read_digits(bytes),
            (Language::Length, Side::Client) => {
                if reader.read_ready(bytes) {
                    self.sides[Side::Server as usize].begin_body();
                }
            }
            (Language::Header, Side::Client) => reader.command(bytes.len()),
        }
        self.sides[from as usize].take()
    }
}

impl Reader {
    fn take(&mut self) -> Vec<Field> {
        let more = self.fields.len().saturating_sub(FIELDS);
        self.fields.truncate(FIELDS);
        if more > 0 {
            let words = format!(", and {more} more fields");
            self.fields[FIELDS - 1].text.push_str(&words);
        }
        std::mem::take(&mut self.fields)
    }

    /// Adds a field of the next `len` bytes.
    fn field(&mut self, len: usize, text: String) {
        let offset = self.offset;
        self.offset += len as u64;
        self.fields.push(Field { offset, len, text });
    }

    fn command(&mut self, len: usize) {
        if len > 0 {
            self.field(len, "command".into());
        }
    }

    /// Reads the client's word that it has the length, which may come in parts, or else a command;
    /// whether the word is whole.
    fn read_ready(&mut self, bytes: &[u8]) -> bool {
        let missing = &READY[self.come.len()..];
        let now = bytes.len().min(missing.len());
        if bytes[..now] != missing[..now] {
            self.come.clear();
            self.command(bytes.len());
            return false;
        }
        self.come.extend(&bytes[..now]);
        let come = self.come.len();
        let text = format!("ready for the body, {come} of {} bytes", READY.len());
        self.field(now, text);
        if come < READY.len() {
            return false;
        }
        self.come.clear();
        self.command(bytes.len() - now);
        true
    }

    fn break_off(&mut self, len: usize, why: &dyn Display) {
        self.field(len, format!("does not decode: {why}"));
        self.part = Part::Broken;
    }

    fn read_lines(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let has_begun = !self.come.is_empty();
            self.lines += u64::from(!has_begun);
            let is_whole = line.ends_with(b"\n");
            let which = match (is_whole, has_begun) {
                (true, false) => "line",
                (true, true) => "end of line",
                (false, _) => "part of line",
            };
            // That it has begun is enough to know.
            self.come = if is_whole { Vec::new() } else { vec![0] };
            self.field(line.len(), format!("{which} {}", self.lines));
        }
    }

    fn read_frames(&mut self, mut bytes: &[u8], is_session: bool) {
        while !bytes.is_empty() {
            let (name, size) = match &self.part {
                Part::First => ("length of the header", PREFIX),
                Part::Header(size) => ("header", *size),
                Part::Body { .. } => {
                    bytes = self.read_body(bytes);
                    continue;
                }
                Part::Broken => return self.offset += bytes.len() as u64,
            };
            let (now, after) = bytes.split_at(bytes.len().min(size - self.come.len()));
            bytes = after;
            self.come.extend(now);
            if self.come.len() < size {
                let come = self.come.len();
                return self.field(now.len(), format!("{name}, {come} of {size} bytes"));
            }
            let whole = std::mem::take(&mut self.come);
            match self.part {
                Part::First => self.read_size(&whole, now.len()),
                _ => self.read_header(&whole, now.len(), is_session),
            }
        }
    }

    fn read_size(&mut self, whole: &[u8], now: usize) {
        let size = whole.try_into().map_or(0, i32::from_le_bytes);
        match usize::try_from(size) {
            Ok(size @ 1..=HEADER_LIMIT) => {
                self.field(now, format!("length of the header: {size}"));
                self.part = Part::Header(size);
            }
            _ => self.break_off(now, &format_args!("a header of {size} bytes")),
        }
    }

    fn read_header(&mut self, whole: &[u8], now: usize, is_session: bool) {
        let header = match is_session {
            true => Header::decode_session(whole),
            false => Header::decode_lesson(whole),
        };
        let (name, of) = match header {
            Ok(header) if is_session => {
                let kind = readable(header.filename.as_bytes(), 40);
                (format!("{kind} frame"), header.total_size)
            }
            Ok(header) => ("body".into(), header.total_size),
            Err(error) => return self.break_off(now, &error),
        };
        self.field(now, format!("header: {name} of {of} bytes"));
        self.begin(name, of);
    }

    fn begin(&mut self, name: String, of: u64) {
        self.part = match of {
            0 => Part::First,
            missing => Part::Body { name, missing, of },
        };
    }

    /// Reads what belongs to a body; what comes after it is left.
    fn read_body<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Part::Body { name, missing, of } = &mut self.part else {
            return bytes;
        };
        let now = (*missing).min(bytes.len() as u64) as usize;
        *missing -= now as u64;
        let text = match *missing {
            0 => format!("{name}, whole ({of} bytes)"),
            missing => format!("{name}, {} of {of} bytes", *of - missing),
        };
        if *missing == 0 {
            self.part = Part::First;
        }
        self.field(now, text);
        &bytes[now..]
    }

    fn read_digits(&mut self, bytes: &[u8]) {
        if matches!(self.part, Part::Broken) {
            return self.offset += bytes.len() as u64;
        }
        let digits = self.read_body(bytes);
        if digits.is_empty() {
            return;
        }
        self.come.extend(digits);
        match length_first::decode(&self.come, u64::MAX) {
            Ok(length) => {
                let text = format!("length: {length}, as far as it has come");
                self.field(digits.len(), text);
            }
            Err(error) => self.break_off(digits.len(), &error),
        }
    }

    /// The client has said that it has the length: the body is next.
    fn begin_body(&mut self) {
        let digits = std::mem::take(&mut self.come);
        if let Ok(length) = length_first::decode(&digits, u64::MAX) {
            self.begin("body".into(), length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::wire::header::Header;

    fn texts(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.text.as_str()).collect()
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
        assert_eq!((fields[2].offset, fields[2].len), (4 + size as u64, 5));
        assert_eq!(texts(&fields)[4..], ["header: body of 0 bytes"]);
    }

    #[test]
    fn wherever_a_stream_is_cut_the_whole_parts_come_out_the_same() {
        let whole = [reply("stdout", b"some words"), reply("exit", b"{}")].concat();
        let last = |fields: Vec<Field>| fields.last().map(|field| field.text.clone());
        let expected = last(Decoder::new(Language::Session).read(Side::Server, &whole));
        assert_eq!(expected.as_deref(), Some("exit frame, whole (2 bytes)"));
        for cut in 1..whole.len() {
            let mut decoder = Decoder::new(Language::Session);
            let first = decoder.read(Side::Server, &whole[..cut]);
            let second = decoder.read(Side::Server, &whole[cut..]);
            let covered: usize = first.iter().chain(&second).map(|field| field.len).sum();
            assert_eq!(covered, whole.len(), "{cut}");
            assert_eq!(last(second), expected, "{cut}");
        }
    }

    #[test]
    fn a_length_has_no_end_until_the_client_is_ready() {
        let mut decoder = Decoder::new(Language::Length);
        decoder.read(Side::Client, b"ls");
        let cut = decoder.read(Side::Server, b"1");
        assert_eq!(texts(&cut), ["length: 1, as far as it has come"]);
        assert_eq!(
            texts(&decoder.read(Side::Server, b"2")),
            ["length: 12, as far as it has come"]
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
            ["body, whole (12 bytes)", "length: 3, as far as it has come"]
        );
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut decoder = Decoder::new(Language::Session);
        let fields = decoder.read(Side::Server, &reply(&"x".repeat(1000), b"body"));
        assert!(texts(&fields).iter().all(|text| text.len() < 100));
    }

    #[test]
    fn lines_that_are_cut_and_glued_are_told() {
        let mut decoder = Decoder::new(Language::Lines);
        let fields = decoder.read(Side::Client, b"one\ntwo\nthr");
        assert_eq!(texts(&fields), ["line 1", "line 2", "part of line 3"]);
        assert_eq!(
            texts(&decoder.read(Side::Client, b"ee\n")),
            ["end of line 3"]
        );
        let many = decoder.read(Side::Server, &b"\n".repeat(1000));
        assert_eq!(many.len(), FIELDS);
        assert!(many[FIELDS - 1].text.ends_with("and 968 more fields"));
    }

    #[test]
    fn what_does_not_decode_says_where_and_is_silent_after_that() {
        for (language, bytes) in [
            (Language::Header, &b"HTTP/1.1 200 OK\r\n"[..]),
            (Language::Header, &[2, 0, 0, 0, b'[', b']'][..]),
            (Language::Length, &b"12 bytes"[..]),
            (Language::Session, &[0; 4][..]),
        ] {
            let mut decoder = Decoder::new(language);
            let fields = decoder.read(Side::Server, bytes);
            let last = fields.last().unwrap();
            assert!(last.text.starts_with("does not decode: "), "{last:?}");
            assert_eq!(decoder.read(Side::Server, b"more"), []);
        }
    }
}
