//! Generates random JSON documents, valid ones and invalid ones.

use cross_process::random::Random;

/// Texts that have a meaning in JSON or in its extensions.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\u00",
    "\\x",
    "\\'",
    "'",
    "null",
    "nul",
    "true",
    "NaN",
    "Infinity",
    "-Infinity",
    "-",
    "+",
    ".",
    "0",
    "01",
    "1e",
    "e5",
    "E+",
    "/**/",
    "//",
    " ",
    "\t",
    "\n",
    "\r",
    "\u{b}",
    "\u{c}",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "\u{a0}",
    "\u{feff}",
    "\u{2028}",
    "\u{ff11}",
    "_",
];

/// A valid document, with white space, escapes and numbers of every form.
pub fn good(random: &mut Random) -> Vec<u8> {
    let mut out = String::new();
    // A few are nested nearly as deep as the limit or deeper, in any mixture of arrays and objects.
    let nested = if random.below(12) == 0 {
        13 + random.below(5)
    } else {
        0
    };
    let closing: Vec<&str> = (0..nested)
        .map(|_| {
            space(random, &mut out);
            if random.below(2) == 0 {
                out.push('[');
                return "]";
            }
            out.push('{');
            string(random, &mut out);
            out.push(':');
            "}"
        })
        .collect();
    value(random, &mut out, if nested > 0 { 1 } else { 4 });
    for close in closing.iter().rev() {
        space(random, &mut out);
        out.push_str(close);
    }
    space(random, &mut out);
    out.into_bytes()
}

/// A valid document with one or two changes, after which it may still be valid.
pub fn changed(random: &mut Random) -> Vec<u8> {
    let mut document = good(random);
    for _ in 0..=random.below(2) {
        let place = random.below(document.len() + 1);
        match random.below(6) {
            0 => document.truncate(place),
            1 if place < document.len() => drop(document.remove(place)),
            2 if place < document.len() => document[place] ^= 1 << random.below(8),
            3 => {
                let end = document.len().min(place + random.below(12));
                let copy = document[place..end].to_vec();
                document.splice(place..place, copy);
            }
            4 => document.insert(place, random.number() as u8),
            _ => {
                let token = random.one_of(TOKENS);
                document.splice(place..place, token.bytes());
            }
        }
    }
    document
}

/// Every text of at most `longest` of these characters.
pub fn every(characters: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let to = all.len();
        for shorter in from..to {
            all.extend(
                characters
                    .chars()
                    .map(|c| format!("{}{c}", all[shorter]))
                    .collect::<Vec<_>>(),
            );
        }
        from = to;
    }
    all
}

fn value(random: &mut Random, out: &mut String, depth: usize) {
    space(random, out);
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0 => out.push_str(random.one_of(&["null", "true", "false"])),
        1 | 2 => number(random, out),
        3..=5 => string(random, out),
        kind => {
            let (open, close) = if kind < 8 { ('[', ']') } else { ('{', '}') };
            out.push(open);
            for item in 0..random.below(5) {
                if item > 0 {
                    out.push(',');
                }
                if open == '{' {
                    space(random, out);
                    // Few names, so that some occur twice.
                    match random.below(3) {
                        0 => string(random, out),
                        _ => {
                            out.push_str(random.one_of(&["\"a\"", "\"\\u0061\"", "\"b\"", "\"\""]))
                        }
                    }
                    space(random, out);
                    out.push(':');
                }
                value(random, out, depth - 1);
            }
            space(random, out);
            out.push(close);
        }
    }
    space(random, out);
}

fn space(random: &mut Random, out: &mut String) {
    if random.below(4) == 0 {
        out.push_str(random.one_of(&[" ", "\t", "\n", "\r", " \r\n\t "]));
    }
}

fn number(random: &mut Random, out: &mut String) {
    out.push_str(random.one_of(&["", "", "-"]));
    match random.below(3) {
        0 => out.push('0'),
        _ => {
            out.push_str(random.one_of(&["1", "7", "9"]));
            digits(random, out, 0);
        }
    }
    if random.below(3) == 0 {
        out.push('.');
        digits(random, out, 1);
    }
    if random.below(3) == 0 {
        out.push_str(random.one_of(&["e", "E", "e+", "E-", "e-", "E+"]));
        digits(random, out, 1);
    }
}

fn digits(random: &mut Random, out: &mut String, least: usize) {
    let most = random.one_of(&[2, 20, 200]);
    for _ in 0..least + random.below(most) {
        out.push(char::from(b'0' + random.below(10) as u8));
    }
}

fn string(random: &mut Random, out: &mut String) {
    out.push('"');
    for _ in 0..random.below(10) {
        match random.below(6) {
            0 => out.push_str(
                random.one_of(&["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]),
            ),
            1 => {
                let unit = random.number() as u16;
                out.push_str(&if random.below(2) == 0 {
                    format!("\\u{unit:04x}")
                } else {
                    format!("\\u{unit:04X}")
                });
            }
            // Surrogates, in pairs and alone.
            2 => {
                let (high, low) = (0xd800 + random.below(0x400), 0xdc00 + random.below(0x400));
                if random.below(4) > 0 {
                    out.push_str(&format!("\\u{high:04x}"));
                }
                if random.below(4) > 0 {
                    out.push_str(&format!("\\u{low:04X}"));
                }
            }
            3 => {
                let most = random.one_of(&[0x100, 0x3000, 0x11_0000]);
                let scalar = char::from_u32(random.below(most) as u32).unwrap_or('\u{fffd}');
                if scalar >= ' ' && scalar != '"' && scalar != '\\' {
                    out.push(scalar);
                }
            }
            _ => out.push_str(
                random.one_of(&["a", "filename", " ", "\u{7f}", "u0041", "/*", "{", "'"]),
            ),
        }
    }
    out.push('"');
}
