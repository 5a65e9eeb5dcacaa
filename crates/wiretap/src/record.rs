//! Events as lines of JSON: the form of `--record` and `--replay`, and of what the page is sent.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use proto::wire::json::{self, Value};

use crate::event::{Event, Kind, Side};

/// The longest line that is read: a recv of 64 KiB in hex, with room for its fields.
const LONGEST_LINE: u64 = 1 << 20;

const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// An event as a line of JSON, with its line end.
pub fn line(event: &Event) -> String {
    let mut out = String::with_capacity(128 + 2 * event.data.len());
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        r#"{{"t": {}, "c": {}, "kind": "{}", "from": "{}", "at": {}, "len": {}, "data": ""#,
        event.micros,
        event.conversation,
        event.kind.name(),
        event.from,
        event.offset,
        event.len,
    );
    for byte in &event.data {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push_str(r#"", "text": "#);
    json::write_string(&mut out, &event.text);
    out.push_str("}\n");
    out
}

/// Reads one line.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse(line: &[u8]) -> Result<Event, String> {
    let value = json::parse(line).map_err(|error| error.to_string())?;
    let number = |name| {
        let number = value.get(name).and_then(Value::as_number);
        let number = number.and_then(|digits| digits.parse::<u64>().ok());
        number.ok_or_else(|| format!("{name} is missing or not a whole number"))
    };
    let text = |name| {
        let text = value.get(name).and_then(Value::as_str);
        text.ok_or_else(|| format!("{name} is missing or not a string"))
    };
    let (offset, len) = (number("at")?, number("len")?);
    offset.checked_add(len).ok_or("at and len are too large")?;
    Ok(Event {
        micros: number("t")?,
        conversation: number("c")?,
        kind: Kind::named(text("kind")?).ok_or("kind is unknown")?,
        from: Side::named(text("from")?).ok_or("from is neither client nor server")?,
        offset,
        len: usize::try_from(len).map_err(|_| "len is too large")?,
        data: unhex(text("data")?).ok_or("data is not hex")?,
        text: text("text")?.to_owned(),
    })
}

/// The bytes of pairs of hex digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Reads the file of `--replay`, an event at a time.
///
/// # Errors
///
/// The line's number and what is wrong with it, or why the file cannot be read.
pub fn read(path: &Path, mut each: impl FnMut(Event)) -> Result<(), String> {
    let unreadable = |error: io::Error| proto::reason(&error);
    let mut lines = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut limited = lines.by_ref().take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        each(parse(&line).map_err(|why| format!("line {number}: {why}"))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        let mut event = Event::new(7, Kind::Sent, Side::Server, "held 50ms, \"so\"");
        event.micros = 1_234_567;
        event.with_data(u64::MAX - 7, b"\x00caf\xc3\xa9\n", usize::MAX)
    }

    #[test]
    fn a_line_reads_back_as_it_was() {
        let line = line(&event());
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(parse(line.as_bytes()), Ok(event()));
    }

    #[test]
    fn every_cut_of_a_line_is_an_error() {
        let line = line(&event());
        for cut in 0..line.len() - 1 {
            assert!(parse(&line.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let whole = line(&event());
        for (from, to, why) in [
            (
                "\"t\": 1234567",
                "\"t\": -1",
                "t is missing or not a whole number",
            ),
            ("sent", "sunk", "kind is unknown"),
            ("server", "nobody", "from is neither client nor server"),
            ("00636166", "0063616", "data is not hex"),
            (r#""len": 7"#, r#""len": 8"#, "at and len are too large"),
            ("\"text\"", "\"words\"", "text is missing or not a string"),
        ] {
            assert_eq!(
                parse(whole.replace(from, to).as_bytes()),
                Err(why.to_owned())
            );
        }
    }
}
