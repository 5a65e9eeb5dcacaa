//! The picture of the conversations, as SVG: client left, server right, time downwards.
//!
//! Each recv has a colour, and its bytes keep it where they are handed on: so one sees the same
//! bytes come as two and leave as one.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proto::escape::BytesRepr;

use crate::event::{Event, Kind, Side};

/// How many events are drawn; the newest.
const DRAWN: usize = 400;

/// Where the columns are.
const TIME: i64 = 70;
const CLIENT: i64 = 150;
const WIRETAP: i64 = 490;
const SERVER: i64 = 830;
const WIDTH: i64 = 1100;

/// The height of a row.
const ROW: i64 = 34;

/// A silence from this length on is drawn as one, in microseconds.
const SILENCE: u64 = 1_000_000;

/// How many characters of data a box shows, and how wide one is.
const CHARACTERS: usize = 28;
const CHARACTER: f64 = 8.4;

/// How many colours there are, in the style sheet.
const COLOURS: usize = 6;

const STYLE: &str = "\
svg{--paper:#fff;--ink:#1f2328;--dim:#59636e;--line:#c9d1d9;--amber:#9a4a00;--violet:#6639ba;\
--c0:#a8d5ec;--c1:#ffdf8c;--c2:#bfe6c9;--c3:#f5c4d0;--c4:#d8c7ea;--c5:#ffc9a0}\
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;\
--amber:#f0a860;--violet:#c4a7f5;--c0:#1c4a63;--c1:#5c4708;--c2:#1f5130;--c3:#67303f;--c4:#47346b;\
--c5:#6b3a12}}\
text{fill:var(--ink);font:14px ui-monospace,Menlo,Consolas,monospace;\
paint-order:stroke;stroke-linejoin:round}\
.note,.bent,.field{stroke:var(--paper);stroke-width:6px}\
.paper{fill:var(--paper)}.life,.arrow,.fold{stroke:var(--line);stroke-width:2}\
.arrow{stroke:var(--dim);stroke-width:1.5}.fold{stroke-dasharray:2 5}\
.frame{fill:none;stroke:var(--ink)}.back{fill:var(--paper)}\
.dim{fill:var(--dim);font-size:12px}.note{fill:var(--dim);font-style:italic;font-size:13px}\
.bent{fill:var(--amber);font-size:12.5px}.field{fill:var(--violet);font-size:12.5px}\
.head{font-weight:700}";

/// Draws events as an SVG document.
pub fn draw(events: &[Arc<Event>]) -> String {
    let mut drawing = Drawing::default();
    let left_out = events.len().saturating_sub(DRAWN);
    // Colours are those of the whole conversation, whatever part of it is drawn.
    for (number, event) in events.iter().enumerate() {
        drawing.see(event);
        if number == left_out && left_out > 0 {
            drawing.note(&format!("{left_out} earlier events are not drawn"));
        }
        if number >= left_out {
            drawing.add(event);
        }
    }
    drawing.finish()
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
        if !matches!(event.kind, Kind::Passed | Kind::Received) {
            return;
        }
        let colour = self.colours.entry(event.conversation).or_default();
        let pieces = self
            .pieces
            .entry((event.conversation, event.from))
            .or_default();
        pieces.push(Piece {
            start: event.offset,
            end: event.offset + event.len as u64,
            colour: *colour % COLOURS,
        });
        *colour += 1;
    }

    fn add(&mut self, event: &Event) {
        self.tell_time(event);
        let text = event.text.as_str();
        let (from, to) = (column(event.from), column(event.from.other()));
        match event.kind {
            Kind::Opened => self.note(&format!("#{} connects from {text}", event.conversation)),
            Kind::Refused => self.note(&format!("#{} no server: {text}", event.conversation)),
            Kind::Passed => self.data(event, from, to),
            Kind::Received => self.data(event, from, WIRETAP),
            Kind::Sent => self.data(event, WIRETAP, to),
            Kind::Dropped => self.data(event, WIRETAP, WIRETAP + (to - WIRETAP) / 3),
            Kind::Closed => self.note(&format!(
                "#{} {} closes its side",
                event.conversation, event.from
            )),
            Kind::Reset => self.note(&format!(
                "#{} {} resets the connection",
                event.conversation, event.from
            )),
            Kind::Bent => self.text(WIRETAP, "bent", "middle", text),
            Kind::Over => self.note(&format!("#{} over: {text}", event.conversation)),
            Kind::Field => {
                // A field belongs to the data above it, at the side that it came from.
                self.y -= 8;
                self.text(
                    column(event.from),
                    "field",
                    if event.from == Side::Client {
                        "start"
                    } else {
                        "end"
                    },
                    text,
                );
                self.y -= 8;
            }
        }
    }

    /// The time since the event before, and a gap where that was long.
    fn tell_time(&mut self, event: &Event) {
        let since = event.micros - self.last.unwrap_or(event.micros).min(event.micros);
        self.last = Some(event.micros);
        if event.kind == Kind::Field {
            return;
        }
        if since >= SILENCE {
            let y = self.y;
            let _ = writeln!(
                self.rows,
                r#"<line class="fold" x1="{TIME}" x2="{SERVER}" y1="{y}" y2="{y}"/>"#
            );
            self.note(&format!("{:.1} s of silence", since as f64 / 1e6));
        }
        let y = self.y + 4;
        let time = format!("+{:.1}", since as f64 / 1e3);
        let _ = writeln!(
            self.rows,
            r#"<text class="dim" x="{TIME}" y="{y}" text-anchor="end">{time}</text>"#
        );
    }

    fn note(&mut self, words: &str) {
        self.text(WIRETAP, "note", "middle", words);
    }

    fn text(&mut self, x: i64, class: &str, anchor: &str, words: &str) {
        let (y, words) = (self.y + 4, escaped(words));
        let _ = writeln!(
            self.rows,
            r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>"#
        );
        self.y += ROW;
    }

    /// A box with the bytes, on the arrow from one column to another.
    fn data(&mut self, event: &Event, from: i64, to: i64) {
        let y = self.y;
        let tip = if to > from { -10 } else { 10 };
        let _ = writeln!(
            self.rows,
            r#"<line class="arrow" x1="{from}" x2="{}" y1="{y}" y2="{y}" marker-end="url(#tip)"/>"#,
            to + tip
        );
        let shown = shown(event);
        let width = (shown.chars().count() as f64).mul_add(CHARACTER, 14.0);
        let x = (from + to) as f64 / 2.0 - width / 2.0;
        let top = y - 12;
        let _ = writeln!(
            self.rows,
            r#"<rect class="back" x="{x:.1}" y="{top}" width="{width:.1}" height="24" rx="4"/>"#
        );
        for (start, share, colour) in self.colours_of(event) {
            let (start, share) = (start.mul_add(width, x), share * width);
            let _ = writeln!(
                self.rows,
                r#"<rect x="{start:.1}" y="{top}" width="{share:.1}" height="24" fill="var(--c{colour})"/>"#
            );
        }
        let _ = writeln!(
            self.rows,
            r#"<rect class="frame" x="{x:.1}" y="{top}" width="{width:.1}" height="24" rx="4"/>"#
        );
        let (middle, base) = ((from + to) / 2, y + 5);
        let _ = writeln!(
            self.rows,
            r#"<text x="{middle}" y="{base}" text-anchor="middle">{}</text>"#,
            escaped(&shown)
        );
        let bytes = if event.len == 1 { "byte" } else { "bytes" };
        let bent = match event.text.is_empty() {
            true => String::new(),
            false => format!(r#" <tspan class="bent">{}</tspan>"#, escaped(&event.text)),
        };
        let (x, base) = (SERVER + 14, y + 4);
        let _ = writeln!(
            self.rows,
            r#"<text class="dim" x="{x}" y="{base}">#{} {} {bytes}{bent}</text>"#,
            event.conversation, event.len
        );
        self.y += ROW;
    }

    /// The colours of an event's bytes, each with its start and its share of the box, from 0 to 1.
    fn colours_of(&self, event: &Event) -> Vec<(f64, f64, usize)> {
        let end = event.offset + event.len as u64;
        let pieces = self.pieces.get(&(event.conversation, event.from));
        let pieces = pieces.into_iter().flatten();
        let whole = (event.len as f64).max(1.0);
        pieces
            .filter(|piece| piece.start < end && event.offset < piece.end)
            .map(|piece| {
                let start = piece.start.max(event.offset);
                let share = piece.end.min(end) - start;
                (
                    (start - event.offset) as f64 / whole,
                    share as f64 / whole,
                    piece.colour,
                )
            })
            .collect()
    }

    fn finish(self) -> String {
        let height = 80 + self.y;
        let mut out = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">
<title>A conversation through wiretap</title>
<style>{STYLE}</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="2" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="var(--dim)"/></marker></defs>
<rect class="paper" width="{WIDTH}" height="{height}"/>
<text class="dim" x="{TIME}" y="30" text-anchor="end">ms</text>
"##
        );
        let bottom = height - 10;
        for (x, name) in [(CLIENT, "client"), (WIRETAP, "wiretap"), (SERVER, "server")] {
            let _ = writeln!(
                out,
                r#"<text class="head" x="{x}" y="30" text-anchor="middle">{name}</text>"#
            );
            let _ = writeln!(
                out,
                r#"<line class="life" x1="{x}" x2="{x}" y1="42" y2="{bottom}"/>"#
            );
        }
        out + "<g transform=\"translate(0 66)\">\n" + &self.rows + "</g>\n</svg>\n"
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
                out.push('\u{fffd}')
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
}
