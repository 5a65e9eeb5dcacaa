//! Documents for the JSON parser: valid ones, invalid ones, and those for which RFC 8259 leaves the
//! choice to the parser.

/// A document, and how `json.dumps` would write it. Numbers keep their form.
#[rustfmt::skip]
pub const GOOD: &[(&str, &str)] = &[
    // A document may be any single value.
    ("null", "null"), ("true", "true"), ("false", "false"), ("7", "7"), ("\"\"", "\"\""),
    ("\"lone\"", "\"lone\""), ("[]", "[]"), ("{}", "{}"),
    // White space: these four characters, wherever a token may begin or end.
    (" \t\r\n0 \t\r\n", "0"), ("[ ]", "[]"), ("{\n}", "{}"), ("[]\n", "[]"), (" []", "[]"),
    ("\n[\t1\r,\n2 ]\n", "[1, 2]"),
    (" { \"a\" : 1 , \"b\" : [ ] } ", r#"{"a": 1, "b": []}"#),
    // Arrays.
    ("[[]]", "[[]]"), ("[[],[[]],{}]", "[[], [[]], {}]"), ("[\"\"]", "[\"\"]"),
    ("[null,false,true,0,\"x\",{}]", "[null, false, true, 0, \"x\", {}]"),
    ("[1,null,null,null,2]", "[1, null, null, null, 2]"),
    // Objects: any string is a name, and the members keep their order.
    (r#"{"":0}"#, r#"{"": 0}"#), (r#"{"z":1,"a":2}"#, r#"{"z": 1, "a": 2}"#),
    (r#"{"a":{"a":{"a":[]}}}"#, r#"{"a": {"a": {"a": []}}}"#),
    (r#"{"n\u0000l":1,"\"":2,"\\":3}"#, r#"{"n\u0000l": 1, "\"": 2, "\\": 3}"#),
    (r#"{"low":-1.0e+28,"high":1.0e+28}"#, r#"{"low": -1.0e+28, "high": 1.0e+28}"#),
    // Numbers.
    ("[0,-0,0.0,-0.0,0e1,0E-1,0e+1]", "[0, -0, 0.0, -0.0, 0e1, 0E-1, 0e+1]"),
    ("[1e2,1E2,1e+2,1E+2,1e-2,1E-2]", "[1e2, 1E2, 1e+2, 1E+2, 1e-2, 1E-2]"),
    ("[1.5,-1.5,10.01,123.456e78,0.5E00]", "[1.5, -1.5, 10.01, 123.456e78, 0.5E00]"),
    ("-0.00000000000000000000000000000001", "-0.00000000000000000000000000000001"),
    ("[9007199254740993,18446744073709551615]", "[9007199254740993, 18446744073709551615]"),
    // Escapes.
    (r#""\"\\\/\b\f\n\r\t""#, r#""\"\\/\b\f\n\r\t""#),
    (r#""\u0000\u001f\u0022\u005C\u002f""#, r#""\u0000\u001f\"\\/""#),
    (r#""\\u0041\\\u0041\\\\u0041""#, r#""\\u0041\\A\\\\u0041""#),
    (r#""\uABCD\uabcd\uAbCd""#, r#""\uabcd\uabcd\uabcd""#),
    (r#""\uD834\udd1e \uDBFF\uDFFF""#, r#""\ud834\udd1e \udbff\udfff""#),
    (r#""\uffff\uFFFE\ufdd0\ud83f\udffe""#, r#""\uffff\ufffe\ufdd0\ud83f\udffe""#),
    (r#""\ufeff\u200b\u2028""#, r#""\ufeff\u200b\u2028""#),
    // Characters that need no escape, up to the last one.
    ("\"\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\"", "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\""),
    ("\"\u{10000}\u{1f600}\u{10ffff}\"", r#""\ud800\udc00\ud83d\ude00\udbff\udfff""#),
    ("\"\u{2028}\u{2029}\u{feff}\u{fffd}\"", r#""\u2028\u2029\ufeff\ufffd""#),
    // Syntax of JSON and other languages is plain text within a string.
    (r#""/* a */ // b, ] } : ' #""#, r#""/* a */ // b, ] } : ' #""#),
];

/// A document that this parser accepts, although another may refuse it, and how it is written
/// again.
#[rustfmt::skip]
pub const CHOSEN: &[(&str, &str)] = &[
    // Numbers outside the range of any type: they stay text.
    ("1e999999999999999999999999", "1e999999999999999999999999"), ("-1e9999", "-1e9999"),
    ("0.5e0000000000000000000000077777", "0.5e0000000000000000000000077777"),
    ("123e-10000000", "123e-10000000"), ("-7.25E+400", "-7.25E+400"), ("7.25e-400", "7.25e-400"),
    ("-98765432109876543210987654321", "-98765432109876543210987654321"),
    ("18446744073709551616", "18446744073709551616"), ("4e100000", "4e100000"),
    ("-9223372036854775809", "-9223372036854775809"),
    // Lone surrogates: there is no such character, so U+FFFD replaces it.
    (r#""\ud800""#, r#""\ufffd""#), (r#""\uDFFF""#, r#""\ufffd""#),
    (r#""\ud800x""#, r#""\ufffdx""#), (r#""x\udc00""#, r#""x\ufffd""#),
    (r#""\ud800\n""#, r#""\ufffd\n""#), (r#""\ud800\u0041""#, r#""\ufffdA""#),
    (r#""\ud800\ud800""#, r#""\ufffd\ufffd""#), (r#""\udc00\ud800""#, r#""\ufffd\ufffd""#),
    (r#""\ud800\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
    (r#""\ud83d\ude00\ude00""#, r#""\ud83d\ude00\ufffd""#), (r#"{"\udcff":0}"#, r#"{"\ufffd": 0}"#),
    // Duplicate names.
    (r#"{"a":1,"a":1}"#, r#"{"a": 1, "a": 1}"#), (r#"{"a":1,"\u0061":2}"#, r#"{"a": 1, "a": 2}"#),
];

/// Documents that are refused, by the variant of `Problem`.
#[rustfmt::skip]
pub const BAD: &[(&str, &[&[u8]])] = &[
    ("Ended", &[
        b"", b" ", b"\n\t", b"[", b"[ ", b"[1", b"[1,", b"[1,\n", b"[\"a\"", b"[\"a\",", b"[[", b"[[]",
        b"[{", b"[{}", b"{", b"{ ", b"{\"", b"{\"a", b"{\"a\"", b"{\"a\":", b"{\"a\":1", b"{\"a\":1,",
        b"{\"a\":{", b"\"", b"\"a", b"\"a\\", b"\"\\\"", b"\"\\u", b"\"\\u0", b"\"\\u00", b"\"\\u004",
        b"\"\\u0041", b"\"\\ud800", b"\"\\ud800\\", b"\"\\ud800\\u", b"\"\\ud800\\udc0", b"t", b"tr",
        b"tru", b"f", b"fals", b"n", b"nul", b"[n", b"[\"\\", b"-", b"[-", b"1.", b"[-2.", b"1e", b"1E", b"1e+",
        b"1e-", b"1.5e",
    ]),
    ("Expected", &[
        // In place of a value.
        b"]", b"}", b",", b":", b"[,", b"[,1]", b"[,]", b"[1,]", b"[1,,2]", b"[1,,]", b"[}", b"[[,]]",
        b"{\"a\":}", b"{\"a\":,}", b"{\"a\"::1}", b"[:1]", b"*", b"&", b"#", b"[?]", b"<.>", b"<null>",
        b"\\u0020[]", b"[\\u0031]", b"'a'", b"['a']", b"`a`", b"a", b"[a]", b"undefined", b"None",
        b"True", b"FALSE", b"[Null]", b"nil", b"nULL", b"NaN", b"[nan]", b"[-1,NaN]", b"Infinity", b"[Inf]",
        b"+1", b"[+1]", b"++1", b".5", b"[.5]", b".", b"e1", b"/", b"//", b"/**/1", b"[1,/*2*/3]",
        b"\x00", b"\x0b1", b"\x0c1", b"[\x0c]", b"\xc2\xa01", b"\xe2\x81\xa0", b"[\xe2\x81\xa0]",
        b"\xef\xbc\x91", b"[\xef\xbc\x91]", b"\xc3\xa5", b"nu\0l", b"[tru]", b"[fals\0]", b"[\x1b]",
        // In place of a comma or the end of an array.
        b"[1 2]", b"[1:2]", b"[1}", b"[\"\":1]", b"[\"a\" \"b\"]", b"[1;2]", b"[3[4]]", b"[truefalse]",
        b"[1 true]", b"[[][]]", b"[0x1]", b"[0b1]", b"[1_0]", b"[1\x002]", b"[\"a\\\\\"b\"]", b"[1#]", b"[2 .5]",
        b"[1\xc2\xa0]", b"[1\xef\xbc\x91]", b"[1.5.5]", b"[1e2.5]", b"[1e2e3]", b"[1-1]", b"[1+2]", b"[1a]",
        // In place of a name, a colon, a comma or the end of an object.
        b"{,}", b"{1:1}", b"{a:1}", b"{'a':1}", b"{null:1}", b"{[]:1}", b"{:1}", b"{]", b"{\"a\":1,}",
        b"{\"a\":1,,\"b\":2}", b"{\"a\":1,b}", b"{{}:1}", b"{\"a\",1}", b"{\"a\" 1}", b"{\"a\"}", b"{\"a\"=1}",
        b"{\"a\";1}", b"{\"a\":1]", b"{\"a\":1 \"b\":2}", b"{\"a\":1:2}", b"{\"a\":\"b\" c}", b"{\"a\":1/**/}",
        b"{\"a\":1 # b\n}", b"{\"a\":'b'}", b"[\"a\",{\"b\" \"c\"}]", b"{/**/\"a\":1}",
    ]),
    ("Number", &[
        b"-x", b"--1", b"[-]", b"- 1", b"-.5", b"-,", b"[-a]", b"-Infinity", b"-NaN", b"00", b"01", b"-01", b"-00",
        b"[012]", b"[-012.5]", b"00.5", b"1.e1", b"[1.]", b"1. 5", b"[-2.a]", b"[1.,2]", b"0.e1", b"-0.x",
        b"[1e]", b"[1E]", b"[1e+]", b"[1e-]", b"1ea", b"1e 5", b"1e++5", b"1e+-5", b"1e.5", b"[0e]", b"[0.5e+]",
        b"[1e\xef\xbc\x91]", b"-\xef\xbc\x91", b"[1.\xd9\xa1]",
    ]),
    ("Control", &[
        b"\"\x00\"", b"\"\x1f\"", b"\"a\nb\"", b"\"\t\"", b"[\"\r\"]", b"{\"a\n\":1}", b"\"\x0c\"", b"\"\x08\"", b"[\"a\0\"]",
        b"\"\n", b"\"\\n\x01\\n\"", b"[\"line\n\"]",
    ]),
    ("Escape", &[
        br#""\a""#, br#""\v""#, br#""\0""#, br#""\x00""#, br#""\'""#, br#""\ ""#, br#""\U0041""#, br#""\B""#,
        b"\"\\\n\"", b"\"\\\t\"", b"\"\\\0\"", b"\"\\\xc3\xa9\"", br#""\u""#, br#""\u12""#, br#""\u123""#, br#""\u123g""#,
        br#""\u12 4""#, br#""\u-123""#, br#""\u+123""#, br#""\u0x41""#, br#""\u{41}""#, br#""\uD800\u""#,
        br#""\ud800\udc0""#, br#""\ud800\udg00""#, br#""\ud83d\x""#, br#"{"\x":1}"#, b"\"\\u00e\xc3\xa9\"",
        b"\"\\u\xef\xbc\x90041\"", br#""\u00G0""#,
    ]),
    ("Trailing", &[
        b"1 2", b"null null", b"nulll", b"trueish", b"[][]", b"[]]", b"[1]]", b"{}}", b"{}{}", b"[],", b"{},", b"{} x",
        b"[] []", b"\"a\"\"b\"", b"\"a\":1", b"1,2", b"1]", b"1:", b"{}#", b"{}//", b"[1]/**/", b"[]\0", b"0\0", b"0x10",
        b"1_0", b"1-", b"1.5.5", b"1e5.5", b"1a", b"0f", b"2l", b"1;", b"\"\"\x0c", b"[]\xc2\xa0", b"{}\xef\xbb\xbf",
        b"0\xe2\x80\xa8", b"true,", b"false:", b"123\"", b"\"a\"x", b"{\"a\":1}]", b"{\"a\":1}{", b"0b1", b"1 000",
    ]),
    ("NotUtf8", &[
        // Bytes that occur in no character, and those with too few or too many continuation bytes.
        b"\xff", b"\"\xff\"", b"\"\xfe\"", b"\"\x80\"", b"\"\xbf\"", b"\"\xc3\"", b"\"\xe9\"", b"\"\xe2\x82\"", b"[\"\xf0\x9f\x98\"]",
        b"\"\xc3\xa9\xa9\"", b"[1\xe5]", b"[1e1\xe5]", b"[\"a\\u\xe5\"]", b"\"\\\xe5\"", b"{\"\xf1\":1}", b"[\xff]", b"0\xff", b"\xe2\x81",
        // Overlong encodings, code points out of range, and surrogates.
        b"\"\xc0\xaf\"", b"\"\xc1\xbf\"", b"\"\xe0\x80\xaf\"", b"\"\xf0\x80\x80\xaf\"", b"\"\xf8\x88\x80\x80\x80\"",
        b"\"\xfc\x80\x80\x80\x80\xaf\"", b"\"\xf4\x90\x80\x80\"", b"\"\xf5\x80\x80\x80\"", b"\"\xed\xa0\x80\"",
        b"\"\xed\xbf\xbf\"", b"\"\xed\xa0\xbd\xed\xb8\x80\"", b"\"\xc0\x80\"",
        // UTF-16 with a byte order mark, in both byte orders.
        b"\xff\xfe[\0]\0", b"\xfe\xff\0[\0]", b"\xff\xfe\0\0",
    ]),
    ("ByteOrderMark", &[b"\xef\xbb\xbf", b"\xef\xbb\xbf{}", b"\xef\xbb\xbf[1]", b"\xef\xbb\xbf\"\""]),
];
