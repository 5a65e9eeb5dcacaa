//! The four protocols for a command and its output, by name.

/// A protocol. Client and server must be given the same one, because nothing on the wire names it.
///
/// ```
/// use proto::wire::Protocol;
///
/// assert!(Protocol::WORDS.contains(&("header", Protocol::Header)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// The lesson's first: no framing at all.
    Raw,
    /// The lesson's second: the length first, in decimal; see
    /// [`length_first`](super::length_first).
    Length,
    /// The lesson's third: a JSON [`header`](super::header) with its own length before it.
    Header,
    /// Ours: authenticated, streaming, with exit status; see [`session`](super::session).
    #[default]
    Session,
}

impl Protocol {
    /// Their names on the command line.
    pub const WORDS: &[(&str, Self)] = &[
        ("raw", Self::Raw),
        ("length", Self::Length),
        ("header", Self::Header),
        ("session", Self::Session),
    ];
}
