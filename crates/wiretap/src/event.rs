//! The events of a conversation: as values, as lines of text, and as lines of JSON for `--record`,
//! `--replay` and the page.

use std::fmt;

use proto::escape::{many, readable, repr, unhex};
use proto::wire::json::{self, Value};
use proto::wire::sha256::hex;

/// How many bytes of data a line shows.
const WIDTH: usize = 60;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The program that connected to wiretap.
    Client,
    /// The program that wiretap connected to.
    Server,
}

impl Side {
    /// Both sides, in the order in which they index a pair.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The side with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| side.name() == name)
    }

    /// `client` or `server`.
    pub const fn name(self) -> &'static str {
        ["client", "server"][self as usize]
    }

    /// The peer of this side.
    pub const fn other(self) -> Self {
        Self::BOTH[1 - self as usize]
    }
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A conversation began. The text is the client's address.
    Opened,
    /// The server could not be reached. The text says why.
    Refused,
    /// One recv read these bytes, and one send forwarded them unchanged.
    Passed,
    /// One recv read these bytes; `Sent` or `Dropped` events follow.
    Received,
    /// One send forwarded these bytes. The text says what was bent.
    Sent,
    /// These bytes were not forwarded. The text says why.
    Dropped,
    /// A side has closed its half of the connection.
    Closed,
    /// A side has reset the connection.
    Reset,
    /// wiretap stalled, closed or reset the conversation. The text says which.
    Bent,
    /// A field that the decoder found at this offset. The text is the field.
    Field,
    /// The conversation is over. The text has the totals.
    Over,
}

/// The name of each kind in a recorded file, in the order of [`Kind`].
const KINDS: [(&str, Kind); 11] = [
    ("opened", Kind::Opened),
    ("refused", Kind::Refused),
    ("passed", Kind::Passed),
    ("received", Kind::Received),
    ("sent", Kind::Sent),
    ("dropped", Kind::Dropped),
    ("closed", Kind::Closed),
    ("reset", Kind::Reset),
    ("bent", Kind::Bent),
    ("field", Kind::Field),
    ("over", Kind::Over),
];

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The time, in microseconds since wiretap started.
    pub micros: u64,
    /// The number of the conversation, from 1.
    pub conversation: u64,
    /// What happened.
    pub kind: Kind,
    /// The side that sent the bytes, or that ended.
    pub from: Side,
    /// The offset of the bytes in all that this side has sent.
    pub offset: u64,
    /// The number of bytes.
    pub len: usize,
    /// The bytes, or the first of them.
    pub data: Vec<u8>,
    /// The text, as [`Kind`] describes it.
    pub text: String,
}

impl Event {
    /// The number of bytes, in words.
    pub fn size(&self) -> String {
        many(self.len as u64, "byte", "bytes")
    }

    /// The event in words. Its bytes are shown as Python shows them, cut to a width.
    pub fn words(&self) -> String {
        let (from, to) = (self.from.name(), self.from.other().name());
        let text = readable(self.text.as_bytes(), 200);
        let data = format!("{} {}", self.size(), repr(&self.data, WIDTH));
        let what = match self.kind {
            Kind::Opened => return format!("opened by {text}"),
            Kind::Refused => return format!("no server: {text}"),
            Kind::Over => return format!("over: {text}"),
            Kind::Bent => return format!("{from} -> {to}: {text}"),
            Kind::Field => return format!("  {from}: {text}"),
            Kind::Closed => format!("{from} closed its side"),
            Kind::Reset => format!("{from} reset the connection"),
            Kind::Passed => format!("{from} -> {to}: {data}"),
            Kind::Received => format!("{from} -> wiretap: {data}"),
            Kind::Sent => format!("wiretap -> {to}: {data}"),
            Kind::Dropped => format!("wiretap dropped: {data}"),
        };
        match text.is_empty() {
            true => what,
            false => format!("{what} ({text})"),
        }
    }

    /// The event as a line of JSON, without its line end.
    pub fn to_json(&self) -> String {
        let (t, c, at, len) = (self.micros, self.conversation, self.offset, self.len);
        let (kind, from) = (KINDS[self.kind as usize].0, self.from.name());
        let (data, text) = (hex(&self.data), Value::from(&*self.text));
        format!(
            r#"{{"t": {t}, "c": {c}, "kind": "{kind}", "from": "{from}", "at": {at}, "len": {len}, "data": "{data}", "text": {text}}}"#
        )
    }

    /// Reads a line of JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with the line.
    pub fn from_json(line: &[u8]) -> Result<Self, String> {
        let value = json::parse(line).map_err(|error| error.to_string())?;
        let number = |name| {
            let digits = value.get(name).and_then(Value::as_number);
            let number = digits.and_then(|digits| digits.parse::<u64>().ok());
            number.ok_or_else(|| format!("{name} is missing or not a whole number"))
        };
        let text = |name| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or_else(|| format!("{name} is missing or not a string"))
        };
        let kind = text("kind")?;
        let kind = KINDS.iter().find(|(name, _)| *name == kind);
        let (offset, len) = (number("at")?, number("len")?);
        offset.checked_add(len).ok_or("at and len are too large")?;
        Ok(Self {
            micros: number("t")?,
            conversation: number("c")?,
            kind: kind.ok_or("kind is unknown")?.1,
            from: Side::named(text("from")?).ok_or("from is neither client nor server")?,
            offset,
            len: usize::try_from(len).map_err(|_| "len is too large")?,
            data: unhex(text("data")?.as_bytes()).ok_or("data is not hex")?,
            text: text("text")?.to_owned(),
        })
    }
}

/// The line on standard output.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.micros as f64 / 1e6;
        writeln!(f, "{seconds:9.4} #{} {}", self.conversation, self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, text: &str, data: &[u8]) -> Event {
        Event {
            micros: 412_600,
            conversation: 3,
            kind,
            from: Side::Client,
            offset: u64::MAX - 6000,
            len: data.len(),
            data: data[..data.len().min(1024)].to_vec(),
            text: text.into(),
        }
    }

    #[test]
    fn lines_say_who_sent_how_much_and_what() {
        for (kind, text, expected) in [
            (Kind::Passed, "", r"client -> server: 6 bytes b'hello\n'"),
            (Kind::Received, "", r"client -> wiretap: 6 bytes b'hello\n'"),
            (
                Kind::Sent,
                "held 50ms",
                r"wiretap -> server: 6 bytes b'hello\n' (held 50ms)",
            ),
            (Kind::Closed, "", "client closed its side"),
            (Kind::Opened, "127.0.0.1:5", "opened by 127.0.0.1:5"),
        ] {
            let line = event(kind, text, b"hello\n").to_string();
            assert_eq!(line, format!("   0.4126 #3 {expected}\n"));
        }
    }

    #[test]
    fn long_data_is_cut_and_counted() {
        let line = event(Kind::Passed, "", &[b'x'; 5000]).to_string();
        assert!(
            line.contains("client -> server: 5000 bytes b'xxx"),
            "{line}"
        );
        assert!(line.ends_with("x'...\n") && line.len() < 120, "{line}");
    }

    #[test]
    fn control_characters_from_a_peer_are_escaped() {
        for event in [
            event(Kind::Reset, "\x1b[2J", b""),
            event(Kind::Passed, "", b"\x1b[2J"),
        ] {
            assert!(!event.to_string().contains('\x1b'));
        }
    }

    #[test]
    fn a_line_of_json_round_trips_and_every_cut_of_it_is_an_error() {
        let event = event(Kind::Sent, "held 50ms, \"so\"", b"\x00caf\xc3\xa9\n");
        assert!(
            KINDS
                .iter()
                .enumerate()
                .all(|(place, (_, kind))| place == *kind as usize)
        );
        let line = event.to_json();
        assert_eq!(Event::from_json(line.as_bytes()), Ok(event));
        for cut in 0..line.len() {
            assert!(Event::from_json(&line.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let whole = event(Kind::Sent, "", b"\x00caf\xc3\xa9\n").to_json();
        for (from, to, why) in [
            (
                "\"t\": 412600",
                "\"t\": -1",
                "t is missing or not a whole number",
            ),
            ("sent", "sunk", "kind is unknown"),
            ("client", "middle", "from is neither client nor server"),
            ("00636166", "0063616", "data is not hex"),
            ("00636166", "0063+6", "data is not hex"),
            (r#""len": 7"#, r#""len": 6001"#, "at and len are too large"),
            ("\"text\"", "\"words\"", "text is missing or not a string"),
        ] {
            let wrong = whole.replace(from, to);
            assert_eq!(Event::from_json(wrong.as_bytes()), Err(why.to_owned()));
        }
    }
}
