//! The picture of the conversations, as SVG: client left, server right, time downwards.
//!
//! Each recv has a colour, and its bytes keep it when they are forwarded: the picture shows that
//! bytes of two recvs left in one send. `picture.svg` has the parts that are the same in every
//! picture.

use std::sync::Arc;

use proto::escape::{readable, repr};

use crate::event::{Event, Kind};

/// The frame around the rows.
const FRAME: &str = include_str!("picture.svg");

/// How many of the newest events are drawn.
const DRAWN: usize = 400;

/// The x coordinates of the columns in a picture that is 480 wide: a phone shows it without
/// scrolling.
const WIRETAP: i64 = 240;
const SIDES: [i64; 2] = [40, 440];

/// The width of a character, the number of characters in a line, and the height of a line.
const CHARACTER: f64 = 9.1;
const CHARACTERS: usize = 50;
const LINE: i64 = 24;

/// How many colours the style sheet has.
const COLOURS: usize = 6;

/// Draws events as an SVG document.
pub fn draw(events: &[Arc<Event>]) -> String {
    let mut drawing = Drawing::default();
    let left_out = events.len().saturating_sub(DRAWN);
    if left_out > 0 {
        drawing.words("note", &format!("{left_out} earlier events are not drawn"));
    }
    // Those that are not drawn colour bytes that are.
    let is_recv = |event: &&Event| matches!(event.kind, Kind::Passed | Kind::Received);
    let recvs: Vec<&Event> = events.iter().map(Arc::as_ref).filter(is_recv).collect();
    let drawn = &events[left_out..];
    let mut last = drawn.first().map_or(0, |event| event.micros);
    for event in drawn {
        drawing.add(event, event.micros.saturating_sub(last), &recvs);
        last = event.micros;
    }
    FRAME
        .replace("HEIGHT", &(60 + drawing.y).to_string())
        .replace("ROWS", &(drawing.rows.join("\n") + "\n"))
}

#[derive(Default)]
struct Drawing {
    rows: Vec<String>,
    y: i64,
}

impl Drawing {
    /// An event that happened `since` microseconds after the one before.
    fn add(&mut self, event: &Event, since: u64, recvs: &[&Event]) {
        let (number, words) = (event.conversation, event.words());
        let [from, to] = [event.from, event.from.other()].map(|side| SIDES[side as usize]);
        let (from, to) = match event.kind {
            Kind::Passed => (from, to),
            Kind::Received => (from, WIRETAP),
            Kind::Sent => (WIRETAP, to),
            Kind::Dropped => (WIRETAP, WIRETAP + (to - WIRETAP) / 3),
            Kind::Field => return self.words("field", words.trim()),
            Kind::Bent => return self.words("bent", &words),
            _ => return self.words("note", &format!("#{number} {words}")),
        };
        self.data(event, from, to, recvs);
        let (since, size) = (since as f64 / 1e3, event.size());
        let size = format!("#{number} +{since:.1} ms, {size}");
        match &*readable(event.text.as_bytes(), 200) {
            "" => self.words("size", &size),
            bent => self.words("bent", &format!("{size}, {bent}")),
        }
        self.y += LINE / 2;
    }

    /// A box with the bytes, on the arrow from one column to another.
    fn data(&mut self, event: &Event, from: i64, to: i64, recvs: &[&Event]) {
        let (y, tip) = (self.y, to - 10 * (to - from).signum());
        let arrow = format!(r#"<path class="arrow" d="M{from} {y}H{tip}"/>"#);
        self.rows.push(arrow);
        let shown = shown(event, ((to - from).abs() - 40) as usize * 10 / 91);
        let width = (shown.chars().count() as f64).mul_add(CHARACTER, 12.0);
        let x = ((from + to) as f64 - width) / 2.0;
        self.rect("paper", x, width);
        let share = |bytes: u64| width * bytes as f64 / event.len as f64;
        for (number, recv) in recvs.iter().enumerate() {
            let start = recv.offset.max(event.offset);
            let end = (recv.offset + recv.len as u64).min(event.offset + event.len as u64);
            let is_same = (recv.conversation, recv.from) == (event.conversation, event.from);
            if is_same && start < end {
                let class = format!("c{}", number % COLOURS);
                self.rect(&class, x + share(start - event.offset), share(end - start));
            }
        }
        self.rect("frame", x, width);
        self.text("data", "", (from + to) / 2, &shown);
        self.y += LINE;
    }

    /// A centred line of words; a long one is compressed to the width.
    fn words(&mut self, class: &str, words: &str) {
        let fit = match words.len() {
            0..=CHARACTERS => "",
            _ => r#" textLength="460" lengthAdjust="spacingAndGlyphs""#,
        };
        self.text(class, fit, WIRETAP, words);
        self.y += LINE;
    }

    fn text(&mut self, class: &str, fit: &str, x: i64, words: &str) {
        let words = words.replace('&', "&amp;").replace('<', "&lt;");
        let (y, words) = (self.y + 5, words.replace('"', "&quot;"));
        self.rows.push(format!(
            r#"<text class="{class}"{fit} x="{x}" y="{y}">{words}</text>"#
        ));
    }

    fn rect(&mut self, class: &str, x: f64, width: f64) {
        let y = self.y - 12;
        self.rows.push(format!(
            r#"<rect class="{class}" x="{x:.1}" y="{y}" width="{width:.1}" height="24"/>"#
        ));
    }
}

/// An event's bytes as Python shows them, without the quotes, in at most `most` characters.
fn shown(event: &Event, most: usize) -> String {
    let bytes = &event.data[..event.data.len().min(most)];
    let repr = repr(bytes, most);
    let inner = &repr[2..repr.len() - 1];
    let mut shown: String = inner.chars().take(most).collect();
    if shown.len() < inner.len() || bytes.len() < event.len {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Side;

    fn event(kind: Kind, offset: u64, data: &[u8], text: &str) -> Arc<Event> {
        Arc::new(Event {
            micros: 0,
            conversation: 1,
            kind,
            from: Side::Client,
            offset,
            len: data.len(),
            data: data.to_vec(),
            text: text.into(),
        })
    }

    fn drawn(data: &[u8], text: &str) -> String {
        draw(&[event(Kind::Passed, 0, data, text)])
    }

    #[test]
    fn bytes_have_the_colour_of_their_recv_even_if_it_is_not_drawn() {
        let mut events = vec![event(Kind::Received, 0, &[b'x'; 2 * DRAWN], "")];
        events.extend((0..2 * DRAWN as u64).map(|at| event(Kind::Sent, at, b"x", "")));
        let coloured = draw(&events).matches(r#"class="c0""#).count();
        assert_eq!(coloured, DRAWN);
    }

    #[test]
    fn the_picture_is_printable_xml_for_all_bytes() {
        let picture = drawn(b"<a & \"b\">\x1b", "\0\u{1b}\u{fffe}<");
        assert!(
            picture.contains(r">&lt;a &amp; &quot;b&quot;>\x1b</text>"),
            "{picture}"
        );
        assert!(
            picture
                .chars()
                .all(|letter| letter == '\n' || !letter.is_control())
        );
    }

    #[test]
    fn placeholders_of_the_frame_in_the_data_are_not_replaced() {
        assert!(drawn(b"HEIGHT ROWS", "").contains(">HEIGHT ROWS</text>"));
    }
}
