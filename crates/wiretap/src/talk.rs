//! The state that all conversations share, and one conversation: its number and its events.

use std::sync::{Arc, Mutex};

use proto::sync::lock;

use crate::decode::Decoder;
use crate::event::{Event, Kind, Side};
use crate::journal::Journal;
use crate::options::Options;

/// The state that all conversations share.
#[derive(Debug)]
pub struct Tap {
    /// The journal that events go to.
    pub journal: Journal,
    /// The options.
    pub options: Options,
}

/// A conversation, over a connection or in datagrams.
#[derive(Debug)]
pub struct Talk {
    pub tap: Arc<Tap>,
    number: u64,
    decoder: Option<Mutex<Decoder>>,
}

impl Talk {
    /// Begins a conversation with `client`; `None` if the limit of conversations is reached.
    pub fn begin(tap: &Arc<Tap>, client: &str) -> Option<Self> {
        let talk = Self {
            tap: Arc::clone(tap),
            number: tap.journal.begin_conversation()?,
            decoder: tap.options.decode.map(Decoder::new).map(Mutex::new),
        };
        talk.note(Kind::Opened, Side::Client, client);
        Some(talk)
    }

    /// Ends the conversation, in which this many bytes of the client and of the server were
    /// forwarded.
    pub fn end(&self, [client, server]: [u64; 2]) {
        let totals = format!("{client} bytes from the client, {server} from the server");
        self.note(Kind::Over, Side::Client, &totals);
    }

    /// Adds an event without bytes to the journal.
    pub fn note(&self, kind: Kind, from: Side, text: &str) {
        self.add(kind, from, 0, &[], text);
    }

    /// Adds an event with bytes to the journal, and then the fields that the decoder finds in them.
    /// Call it before the bytes are forwarded: otherwise the reply could be noted before the
    /// request.
    pub fn add(&self, kind: Kind, from: Side, offset: u64, data: &[u8], text: &str) {
        let journal = &self.tap.journal;
        let event = |kind, offset, len, data: &[u8], text: &str| Event {
            micros: 0,
            conversation: self.number,
            kind,
            from,
            offset,
            len,
            data: data.to_vec(),
            text: text.into(),
        };
        let kept = &data[..data.len().min(journal.keep)];
        let event_of_data = event(kind, offset, data.len(), kept, text);
        let is_handed_on = matches!(kind, Kind::Passed | Kind::Sent);
        let Some(decoder) = self.decoder.as_ref().filter(|_| is_handed_on) else {
            return journal.add(event_of_data);
        };
        let mut decoder = lock(decoder);
        journal.add(event_of_data);
        for field in decoder.read(from, data) {
            journal.add(event(
                Kind::Field,
                field.offset,
                field.len,
                &[],
                &field.text,
            ));
        }
    }
}
