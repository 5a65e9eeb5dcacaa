//! The picture of the conversations, as SVG: client left, server right, time downwards.
//!
//! Each recv has a colour, and its bytes keep it where they are handed on: so one sees the same
//! bytes come as two and leave as one. `picture.svg` has what is the same in every picture.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

use proto::escape::BytesRepr;

use crate::event::{Event, Kind, Side};

/// What is around the rows.
const FRAME: &str = include_str!("picture.svg");

/// How many events are drawn; the newest.
const DRAWN: usize = 400;

/// Where the columns are.
const TIME: i64 = 70;
const CLIENT: i64 = 150;
const WIRETAP: i64 = 490;
const SERVER: i64 = 830;

/// The height of a row.
const ROW: i64 = 34;

/// A silence from this length on is drawn as one, in microseconds.
const SILENCE: u64 = 1_000_000;

/// How many characters of data a box shows, and how wide one is.
const CHARACTERS: usize = 28;
const CHARACTER: f64 = 8.4;

/// How many colours there are, in the style sheet.
const COLOURS: usize = 6;

/// Draws events as an SVG document.
pub fn draw(events: &[Arc<Event>]) -> String {
    let mut drawing = Drawing::default();
    let left_out = events.len().saturating_sub(DRAWN);
    if left_out > 0 {
        drawing.note("note", &format!("{left_out} earlier events are not drawn"));
    }
    for (number, event) in events.iter().enumerate() {
        // Colours are those of the whole conversation, whatever part of it is drawn.
        if event.is_recv() {
            drawing.see(event);
        }
        if number >= left_out {
            drawing.add(event);
        }
    }
    let height = (80 + drawing.y).to_string();
    FRAME
        .replace("HEIGHT", &height)
        .replace("ROWS", &drawing.rows)
}

/// Where a recv's bytes are in the stream, and its colour.
#[derive(Debug)]
struct Piece {
    start: u64,
    end: u64,
    colour: usize,
}

#[derive(Debug, Default)]
struct Drawing {
    rows: String,
    y: i64,
    last: Option<u64>,
    pieces: HashMap<(u64, Side), Vec<Piece>>,
    colours: HashMap<u64, usize>,
}

impl Drawing {
    /// Gives the bytes of a recv their colour.
    fn see(&mut self, event: &Event) {
        let colour = self.colours.entry(event.conversation).or_default();
        let stream = (event.conversation, event.from);
        self.pieces.entry(stream).or_default().push(Piece {
            start: event.offset,
            end: event.offset + event.len as u64,
            colour: *colour % COLOURS,
        });
        *colour += 1;
    }

    fn add(&mut self, event: &Event) {
        let since = event
            .micros
            .saturating_sub(self.last.unwrap_or(event.micros));
        self.last = Some(event.micros);
        if event.kind == Kind::Field {
            // It belongs to the data above it, at the side that it came from.
            self.y -= 8;
            self.text(column(event.from), event.from.name(), &event.text);
            self.y += ROW - 8;
            return;
        }
        if since >= SILENCE {
            let y = self.y;
            self.put(format_args!(
                r#"<path class="silence" d="M{TIME} {y}H{SERVER}"/>"#
            ));
            self.note("note", &format!("{:.1} s of silence", since as f64 / 1e6));
        }
        self.text(TIME, "time", &format!("+{:.1}", since as f64 / 1e3));
        let (from, to) = (column(event.from), column(event.from.other()));
        match event.kind {
            Kind::Passed => self.data(event, from, to),
            Kind::Received => self.data(event, from, WIRETAP),
            Kind::Sent => self.data(event, WIRETAP, to),
            Kind::Dropped => self.data(event, WIRETAP, WIRETAP + (to - WIRETAP) / 3),
            Kind::Bent => self.note("note bent", &event.text),
            _ => self.note(
                "note",
                &format!("#{} {}", event.conversation, event.words()),
            ),
        }
    }

    fn note(&mut self, class: &str, words: &str) {
        self.text(WIRETAP, class, words);
        self.y += ROW;
    }

    /// A box with the bytes, on the arrow from one column to another.
    fn data(&mut self, event: &Event, from: i64, to: i64) {
        let (y, tip) = (self.y, to - 10 * (to - from).signum());
        self.put(format_args!(
            r#"<path class="arrow" d="M{from} {y}H{tip}"/>"#
        ));
        let shown = shown(event);
        let width = (shown.chars().count() as f64).mul_add(CHARACTER, 14.0);
        let middle = (from + to) / 2;
        let x = middle as f64 - width / 2.0;
        self.rect("paper", x, width);
        for (start, share, colour) in self.colours_of(event) {
            self.rect(
                &format!("c{colour}"),
                start.mul_add(width, x),
                share * width,
            );
        }
        self.rect("frame", x, width);
        self.text(middle, "data", &shown);
        let class = if event.text.is_empty() {
            "size"
        } else {
            "size bent"
        };
        let words = format!("#{} {} {}", event.conversation, event.size(), event.text);
        self.text(SERVER + 14, class, &words);
        self.y += ROW;
    }

    fn text(&mut self, x: i64, class: &str, words: &str) {
        let (y, words) = (self.y + 5, escaped(words));
        self.put(format_args!(
            r#"<text class="{class}" x="{x}" y="{y}">{words}</text>"#
        ));
    }

    fn rect(&mut self, class: &str, x: f64, width: f64) {
        let y = self.y - 12;
        self.put(format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y}" width="{width:.1}" height="24"/>"#
        ));
    }

    fn put(&mut self, element: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.rows, "{element}");
    }

    /// The colours of an event's bytes, each with its start and its share of the box, from 0 to 1.
    fn colours_of(&self, event: &Event) -> Vec<(f64, f64, usize)> {
        let end = event.offset + event.len as u64;
        let of_whole = |bytes: u64| bytes as f64 / event.len as f64;
        let pieces = self.pieces.get(&(event.conversation, event.from));
        let pieces = pieces.into_iter().flatten();
        pieces
            .filter(|piece| piece.start < end && event.offset < piece.end)
            .map(|piece| {
                let start = piece.start.max(event.offset);
                let share = of_whole(piece.end.min(end) - start);
                (of_whole(start - event.offset), share, piece.colour)
            })
            .collect()
    }
}

/// An event's bytes as Python shows them, without the quotes; cut to the width of a box.
fn shown(event: &Event) -> String {
    let whole = BytesRepr::new(&event.data).cut(CHARACTERS).to_string();
    let inner = whole.trim_end_matches("...");
    let inner = inner.get(2..inner.len() - 1).unwrap_or_default();
    let mut shown: String = inner.chars().take(CHARACTERS).collect();
    if shown.len() < inner.len() || event.len > event.data.len().min(CHARACTERS) {
        shown.push('\u{2026}');
    }
    shown
}

const fn column(side: Side) -> i64 {
    match side {
        Side::Client => CLIENT,
        Side::Server => SERVER,
    }
}

/// Text as XML takes it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has neither control characters nor these two, not even escaped.
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;>");
        assert_eq!(escaped("\0\u{1b}\u{fffe}\u{ffff}"), "\u{fffd}".repeat(4));
    }

    #[test]
    fn words_of_the_frame_in_the_data_stay_as_they_are() {
        let event = Event::new(1, Kind::Passed, Side::Client, "");
        let event = event.with_data(0, b"HEIGHT ROWS", 99);
        assert!(draw(&[Arc::new(event)]).contains(">HEIGHT ROWS</text>"));
    }
}
