//! What happens in a conversation, one event at a time.

use std::fmt;

use proto::escape::readable;

/// How many bytes of a piece of data an event keeps, for the page and the picture. The rest is
/// counted; `--record` writes all of it.
pub const KEPT: usize = 1024;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The program that connected to wiretap.
    Client,
    /// The program that wiretap connected to.
    Server,
}

impl Side {
    /// Both, in the order in which they index a pair.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// `client` or `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The side of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| side.name() == name)
    }

    /// Whom this side talks to.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A conversation began. The text is the client's address.
    Opened,
    /// The server could not be reached. The text says why.
    Refused,
    /// One recv gave these bytes, and one send handed them on as they were.
    Passed,
    /// One recv gave these bytes; what becomes of them follows.
    Received,
    /// One send handed these bytes on. The text says what was bent.
    Sent,
    /// These bytes were not handed on. The text says why.
    Dropped,
    /// A side has closed its half of the connection.
    Closed,
    /// A side has reset the connection.
    Reset,
    /// wiretap itself stalled, closed or reset the conversation. The text says which.
    Bent,
    /// What a decoder read in the bytes at this offset. The text is the field.
    Field,
    /// The conversation is over. The text has the totals.
    Over,
}

impl Kind {
    const NAMES: [(Self, &'static str); 11] = [
        (Self::Opened, "opened"),
        (Self::Refused, "refused"),
        (Self::Passed, "passed"),
        (Self::Received, "received"),
        (Self::Sent, "sent"),
        (Self::Dropped, "dropped"),
        (Self::Closed, "closed"),
        (Self::Reset, "reset"),
        (Self::Bent, "bent"),
        (Self::Field, "field"),
        (Self::Over, "over"),
    ];

    /// Its name in a recorded file.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(kind, _)| *kind)
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in microseconds since wiretap started.
    pub micros: u64,
    /// Which conversation, counted from 1.
    pub conversation: u64,
    /// What happened.
    pub kind: Kind,
    /// Whose bytes, or whose end.
    pub from: Side,
    /// Where the bytes begin, counted over all that this side has sent.
    pub offset: u64,
    /// How many bytes.
    pub len: usize,
    /// The bytes, or their beginning.
    pub data: Vec<u8>,
    /// Words, as [`Kind`] says.
    pub text: String,
}

impl Event {
    /// An event without bytes. The journal sets the time.
    pub fn new(conversation: u64, kind: Kind, from: Side, text: impl Into<String>) -> Self {
        Self {
            micros: 0,
            conversation,
            kind,
            from,
            offset: 0,
            len: 0,
            data: Vec::new(),
            text: text.into(),
        }
    }

    /// The same with these bytes of a stream, which begin at `offset`; at most `keep` of them stay.
    pub fn with_data(mut self, offset: u64, data: &[u8], keep: usize) -> Self {
        self.offset = offset;
        self.len = data.len();
        self.data = data[..data.len().min(keep)].to_vec();
        self
    }

    /// Whether this is what one recv gave.
    pub const fn is_recv(&self) -> bool {
        matches!(self.kind, Kind::Passed | Kind::Received)
    }

    /// How many bytes, in words.
    pub fn size(&self) -> String {
        let bytes = if self.len == 1 { "byte" } else { "bytes" };
        format!("{} {bytes}", self.len)
    }

    /// What happened, where it is no bytes.
    pub fn words(&self) -> String {
        let (from, text) = (self.from, readable(self.text.as_bytes(), 200));
        match self.kind {
            Kind::Opened => format!("opened by {text}"),
            Kind::Refused => format!("no server: {text}"),
            Kind::Closed => format!("{from} closed its side"),
            Kind::Reset => format!("{from} reset the connection ({text})"),
            Kind::Over => format!("over: {text}"),
            Kind::Bent => format!("{from} -> {}: {text}", from.other()),
            Kind::Field => format!("  {from}: {text}"),
            Kind::Passed | Kind::Received | Kind::Sent | Kind::Dropped => String::new(),
        }
    }
}
