//! The grammar, what is outside it, and documents that are cut.

use super::*;

fn string(text: &str) -> Value {
    Value::String(text.into())
}

#[test]
fn scalars_are_what_they_say() {
    for (text, value) in [
        ("null", Value::Null),
        (" true ", Value::Bool(true)),
        ("false", Value::Bool(false)),
        ("-0", Value::Number("-0".into())),
        ("1.5E+10", Value::Number("1.5E+10".into())),
        (r#""""#, string("")),
        (
            r#""a\u0041\/\b\f\n\r\t\"\\""#,
            string("aA/\u{8}\u{c}\n\r\t\"\\"),
        ),
        (r#""\ud83d\ude00\u00e9""#, string("\u{1f600}\u{e9}")),
        (r#""\ud83d\ud83d\ude00""#, string("\u{fffd}\u{1f600}")),
        (r#""\ude00\ud83dx""#, string("\u{fffd}\u{fffd}x")),
        ("\"\u{7f}\u{2028}\"", string("\u{7f}\u{2028}")),
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(value), "{text}");
    }
}

#[test]
fn what_python_adds_and_others_forgive_is_refused() {
    for text in [
        "",
        " ",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "nulll",
        "True",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x10",
        "1_0",
        "--1",
        "-01",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "\"\0\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{}}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":2}",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "//",
        "[1]/**/",
        "\u{feff}1",
        "\"\\ud800\\u\"",
        "\u{a0}1",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text:?}");
    }
    for bytes in [
        &b"\"\xff\""[..],
        b"\xef\xbb\xbf{}",
        b"\"\xed\xa0\x80\"",
        b"[\"a\0\"]",
    ] {
        assert!(parse(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn nesting_has_an_end_and_deep_input_ends_nothing_else() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(DEPTH).as_bytes()).is_ok());
    for text in [
        nested(DEPTH + 1),
        "[".repeat(100_000),
        "{\"a\":".repeat(50_000),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.problem, Problem::TooDeep);
        assert!(error.to_string().starts_with("nested deeper than 16"));
    }
}

#[test]
fn a_document_that_is_cut_anywhere_is_refused() {
    let whole = "{\"a\": [1.5e3, \"\\u00e9x\", {}, [], null], \"b\": {\"c\": false}}";
    assert!(parse(whole.as_bytes()).is_ok());
    for cut in 0..whole.len() {
        assert!(parse(&whole.as_bytes()[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn names_that_come_twice_are_kept_and_found() {
    let value = parse(br#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
    assert_eq!(value.get("a"), Some(&Value::Number("3".into())));
    assert_eq!(value.duplicate(), Some("a"));
    assert_eq!(parse(b"{\"a\":{\"a\":1}}").unwrap().duplicate(), None);
    assert_eq!(Value::Null.get("a"), None);
}
