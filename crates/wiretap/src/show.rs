//! Events as lines that read aloud, on standard output.

use proto::escape::{BytesRepr, readable};

use crate::event::{Event, Kind};

/// How many bytes of data a line shows.
const WIDTH: usize = 60;

/// An event as a line, with its line end.
pub fn line(event: &Event) -> String {
    let (from, to) = (event.from, event.from.other());
    let words = match event.kind {
        Kind::Passed => format!("{from} -> {to}: {}", data(event)),
        Kind::Received => format!("{from} -> wiretap: {}", data(event)),
        Kind::Sent => format!("wiretap -> {to}: {}", data(event)),
        Kind::Dropped => format!("wiretap -> nobody: {}", data(event)),
        _ => event.words(),
    };
    let time = event.micros as f64 / 1e6;
    format!("{time:9.4} #{} {words}\n", event.conversation)
}

/// How many bytes, their beginning as Python shows it, and what was bent.
fn data(event: &Event) -> String {
    let shown = BytesRepr::new(&event.data).cut(WIDTH).to_string();
    let is_cut = event.data.len().min(WIDTH) < event.len && !shown.ends_with("...");
    let dots = if is_cut { "..." } else { "" };
    let bent = match event.text.is_empty() {
        true => String::new(),
        false => format!(" ({})", readable(event.text.as_bytes(), 200)),
    };
    format!("{} {shown}{dots}{bent}", event.size())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Side;

    #[test]
    fn lines_say_who_sent_how_much_and_what() {
        let event = |kind, text: &str| {
            let mut event = Event::new(3, kind, Side::Client, text);
            event.micros = 412_600;
            event.with_data(0, b"hello\n", 1024)
        };
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
            assert_eq!(
                line(&event(kind, text)),
                format!("   0.4126 #3 {expected}\n")
            );
        }
    }

    #[test]
    fn long_data_is_cut_and_counted() {
        let event = Event::new(1, Kind::Passed, Side::Server, "").with_data(0, &[b'x'; 5000], 1024);
        let line = line(&event);
        assert!(
            line.contains("server -> client: 5000 bytes b'xxx"),
            "{line}"
        );
        assert!(line.ends_with("x'...\n") && line.len() < 120, "{line}");
    }

    #[test]
    fn what_a_peer_sent_cannot_move_the_cursor() {
        let mut event = Event::new(1, Kind::Reset, Side::Client, "\x1b[2J");
        assert!(!line(&event).contains('\x1b'));
        event = Event::new(1, Kind::Passed, Side::Client, "").with_data(0, b"\x1b[2J", 9);
        assert!(!line(&event).contains('\x1b'));
    }
}
