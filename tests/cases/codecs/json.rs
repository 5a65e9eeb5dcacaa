//! Compares the JSON parser and writer with Python's `json`.

use cross_process::random::Random;
use proto::wire::json::{Value, parse};

use super::{documents, hex, python_says};

/// Our parser's result for a document, in the format of the Python script.
fn ours(document: &[u8]) -> String {
    match parse(document) {
        Ok(value) => value.to_string(),
        Err(_) => "refused".into(),
    }
}

/// Compares all documents, and returns how many were accepted. `None` if there is no Python.
fn compare(what: &str, documents: &[Vec<u8>]) -> Option<usize> {
    let questions: Vec<String> = documents
        .iter()
        .map(|one| format!("json {}", hex(one)))
        .collect();
    let answers = python_says(what, &questions)?;
    for (document, python) in documents.iter().zip(&answers) {
        let shown = document.escape_ascii();
        assert_eq!(ours(document), *python, "{shown}");
    }
    Some(answers.iter().filter(|answer| *answer != "refused").count())
}

#[test]
fn generated_documents_are_parsed_as_by_python() {
    let mut random = Random::new(0x15_0d0c);
    let mut all: Vec<Vec<u8>> = (0..10_000).map(|_| documents::good(&mut random)).collect();
    let Some(good) = compare("good JSON documents", &all) else {
        return;
    };
    // The only fault of the others is that they are nested too deep.
    assert!((9_000..9_990).contains(&good), "{good}");
    all = (0..10_000)
        .map(|_| documents::changed(&mut random))
        .collect();
    let Some(changed) = compare("changed JSON documents", &all) else {
        return;
    };
    assert!((1_000..6_000).contains(&changed), "{changed}");
}

#[test]
fn short_documents_are_parsed_as_by_python() {
    let mut all = Vec::new();
    for (characters, longest) in [
        ("[]{},:\"1 ", 5),
        ("-+.eE01", 5),
        ("\"\\/u0n\n", 5),
        ("[1]nulfase", 4),
    ] {
        all.extend(
            documents::every(characters, longest)
                .into_iter()
                .map(String::into_bytes),
        );
    }
    // Escapes of code units around the surrogates, alone, in pairs and in threes.
    let units = ["d7ff", "d800", "dbff", "dc00", "dfff", "e000", "0041"];
    for a in units {
        for b in units {
            for c in units {
                all.push(format!("\"\\u{a}\\u{b}\\u{c}\"").into_bytes());
                all.push(format!("\"\\u{a}x\\u{b}\\n\\u{c}\"").into_bytes());
            }
        }
    }
    // Every pair of bytes, as a document and within a string.
    for pair in 0..=u16::MAX {
        if pair % 7 == 0 || pair < 0x100 {
            let [a, b] = pair.to_be_bytes();
            all.push(vec![a, b]);
            all.push(vec![b'"', a, b, b'"']);
        }
    }
    let Some(taken) = compare("short JSON documents", &all) else {
        return;
    };
    assert!(taken > 2_000, "{taken}");
}

#[test]
fn strings_are_written_as_by_python() {
    let mut random = Random::new(7);
    let borders = [
        '\0',
        '\u{1f}',
        '\u{7f}',
        '\u{80}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
        char::MAX,
    ];
    let mut texts: Vec<String> = ('\0'..='\u{3000}')
        .chain(borders)
        .map(|c| format!("a{c}b"))
        .collect();
    texts.extend((0..5_000).map(|_| {
        let scalars = (0..random.below(20)).map(|_| random.below(0x11_0000) as u32);
        scalars.filter_map(char::from_u32).collect()
    }));
    let questions: Vec<String> = texts
        .iter()
        .map(|text| format!("string {}", hex(text)))
        .collect();
    let Some(answers) = python_says("json.dumps", &questions) else {
        return;
    };
    for (text, python) in texts.iter().zip(answers) {
        assert_eq!(Value::from(text.as_str()).to_string(), python);
        assert_eq!(parse(python.as_bytes()), Ok(Value::from(text.as_str())));
    }
}
