//! Tests the JSON parser with many valid and invalid documents.

use std::collections::BTreeSet;

use proto::wire::json::{DEPTH, Error, Problem, Value, parse};

use crate::documents::{BAD, CHOSEN, GOOD};
use crate::footprint::footprint;

/// `Expected` for `Problem::Expected("...")`.
fn variant(problem: Problem) -> String {
    let shown = format!("{problem:?}");
    shown.split('(').next().unwrap().to_owned()
}

#[test]
fn values_of_each_type_are_parsed() {
    let number = |text: &str| Value::Number(text.into());
    let members = vec![
        ("a".to_owned(), Value::Null),
        (
            "b".to_owned(),
            Value::Array(vec![Value::Bool(true), Value::Bool(false)]),
        ),
        ("c".to_owned(), Value::Object(vec![])),
        (String::new(), Value::String("\u{e9}\n".into())),
        ("d".to_owned(), number("-0.10E+05")),
    ];
    let document = br#"{"a": null, "b": [true, false], "c": {}, "": "\u00e9\n", "d": -0.10E+05}"#;
    let value = parse(document).unwrap();
    assert_eq!(value, Value::Object(members));
    assert_eq!(value.get("d"), Some(&number("-0.10E+05")));
    assert_eq!(value.get("e"), None);
    assert_eq!(Value::Null.get("a"), None);
    let texts = (value.get("").and_then(Value::as_str), value.as_str());
    assert_eq!(texts, (Some("\u{e9}\n"), None));
    let numbers = (value.get("d").and_then(Value::as_number), value.as_number());
    assert_eq!(numbers, (Some("-0.10E+05"), None));
}

#[test]
fn names_that_occur_twice_are_kept_and_the_last_counts() {
    let value = parse(br#"{"a": 1, "b": 2, "\u0061": 3}"#).unwrap();
    assert_eq!(value.get("a"), Some(&Value::Number("3".into())));
    assert_eq!(value.to_string(), r#"{"a": 1, "b": 2, "a": 3}"#);
}

#[test]
fn valid_documents_are_parsed_and_written_again() {
    for (document, written) in GOOD.iter().chain(CHOSEN) {
        let value = parse(document.as_bytes()).unwrap_or_else(|why| panic!("{document}: {why}"));
        assert_eq!(value.to_string(), *written, "{document}");
        assert_eq!(parse(written.as_bytes()), Ok(value), "{written}");
    }
}

#[test]
fn invalid_documents_are_refused_with_the_right_problem() {
    let mut seen = BTreeSet::new();
    for (name, documents) in BAD {
        for document in *documents {
            let shown = document.escape_ascii();
            let Err(error) = parse(document) else {
                panic!("{shown} was taken");
            };
            assert_eq!(variant(error.problem), *name, "{shown}");
            assert!(error.at <= document.len(), "{shown}");
            seen.insert(*document);
        }
    }
    assert!(seen.len() > 300, "{}", seen.len());
}

/// ASCII text in UTF-16 without a mark is valid UTF-8 with zero bytes in it.
#[test]
fn other_encodings_are_refused() {
    for document in ["{}", "[1]", "\"a\"", "1", "\"\u{e9}\"", "[\"\u{1f600}\"]"] {
        let units: Vec<u16> = document.encode_utf16().collect();
        let scalars: Vec<u32> = document.chars().map(u32::from).collect();
        for bytes in [
            units
                .iter()
                .flat_map(|unit| unit.to_le_bytes())
                .collect::<Vec<u8>>(),
            units.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            scalars
                .iter()
                .flat_map(|scalar| scalar.to_le_bytes())
                .collect(),
            scalars
                .iter()
                .flat_map(|scalar| scalar.to_be_bytes())
                .collect(),
        ] {
            assert!(parse(&bytes).is_err(), "{}", bytes.escape_ascii());
            let marked = [b"\xef\xbb\xbf", document.as_bytes()].concat();
            let error = parse(&marked).unwrap_err();
            assert_eq!(error.to_string(), "JSON begins with a byte order mark");
        }
    }
}

#[test]
fn every_byte_is_accepted_only_where_json_allows_it() {
    for byte in 0..=u8::MAX {
        let taken =
            |before: &[u8], behind: &[u8]| parse(&[before, &[byte], behind].concat()).is_ok();
        assert_eq!(taken(b"", b""), byte.is_ascii_digit(), "{byte} alone");
        let space = b" \t\n\r".contains(&byte);
        assert_eq!(taken(b"", b"[]"), space, "{byte} before");
        assert_eq!(taken(b"[]", b""), space, "{byte} behind");
        assert_eq!(
            taken(b"[1", b"2]"),
            b",.eE0123456789".contains(&byte),
            "{byte} between"
        );
        let text = (b' '..=0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
        assert_eq!(taken(b"\"a", b"a\""), text, "{byte} in a string");
        assert_eq!(
            taken(b"\"\\", b"\""),
            b"\"\\/bfnrt".contains(&byte),
            "{byte} escaped"
        );
        assert_eq!(
            taken(b"\"\\u00", b"0\""),
            byte.is_ascii_hexdigit(),
            "{byte} as a digit"
        );
    }
}

/// Each Unicode scalar value, as itself and as the escapes that Python writes for it.
#[test]
fn every_character_is_read_as_it_was_written() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for characters in all.chunks(4096) {
        let text: String = characters.iter().collect();
        let written = Value::from(text.as_str()).to_string();
        assert!(written.bytes().all(|b| (b' '..=b'~').contains(&b)));
        assert_eq!(parse(written.as_bytes()), Ok(Value::String(text.clone())));
        let raw: String = text
            .chars()
            .filter(|c| *c >= ' ' && !"\"\\".contains(*c))
            .collect();
        assert_eq!(
            parse(format!("\"{raw}\"").as_bytes()),
            Ok(Value::String(raw))
        );
    }
}

#[test]
fn a_truncated_document_ends_early() {
    let whole = br#" { "a" : [ -1.5e+3 , "\u00e9\ud83d\ude00\n\\x", {} , [ ] , null ] , "b" : { "c":false , "d":true}} "#;
    let end = whole.len() - 1;
    assert!(parse(whole).is_ok() && parse(&whole[..end]).is_ok());
    for cut in 0..end {
        let ended = Error {
            at: cut,
            problem: Problem::Ended,
        };
        assert_eq!(parse(&whole[..cut]), Err(ended), "{cut}");
    }
}

#[test]
fn nesting_is_limited_for_arrays_and_objects() {
    let documents = |depth: usize| {
        let arrays = "[".repeat(depth) + &"]".repeat(depth);
        let objects = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        let both = "[{\"a\":".repeat(depth / 2) + "1" + &"}]".repeat(depth / 2);
        [arrays, objects, both]
    };
    for document in documents(DEPTH) {
        assert!(parse(document.as_bytes()).is_ok(), "{document}");
        assert!(parse(format!("{{\"filename\": {document}}}").as_bytes()).is_err());
    }
    let deep = [500, 100_000].into_iter().flat_map(documents);
    let unclosed = ["[", "{\"a\":", "[{\"\":"].map(|one| one.repeat(100_000));
    for document in documents(DEPTH + 2).into_iter().chain(deep).chain(unclosed) {
        let error = parse(document.as_bytes()).unwrap_err();
        assert_eq!(error.problem, Problem::TooDeep);
        assert!(
            error
                .to_string()
                .starts_with("nested deeper than 16 at byte ")
        );
    }
    // The number of siblings has no limit.
    let wide = "[".to_owned() + &"[],".repeat(100_000) + "{}]";
    assert!(parse(wide.as_bytes()).is_ok());
}

/// Checks the documented limit with the documents that take most memory for their length.
#[test]
fn a_value_takes_less_than_64_bytes_for_each_of_the_document() {
    let nests = "[".repeat(DEPTH - 1) + &"]".repeat(DEPTH - 1);
    let objects = "{\"\":".repeat(DEPTH - 1) + "1" + &"}".repeat(DEPTH - 1);
    for item in [
        "0", "\"\"", "\"x\"", "[]", "[0]", "{}", "{\"\":0}", "null", &nests, &objects,
    ] {
        for count in [1, 2, 3, 5, 9, 1025, 5000] {
            let document = format!("[{}]", vec![item; count].join(","));
            let taken = footprint(&parse(document.as_bytes()).unwrap());
            assert!(
                taken < 64 * document.len(),
                "{taken} bytes for {}",
                document.len()
            );
        }
    }
}
