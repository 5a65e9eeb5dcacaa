//! Compares headers with their length, byte for byte, with those of Python's `struct` and `json`.

use cross_process::random::Random;
use proto::wire::frame;
use proto::wire::header::Header;

use super::{hex, python_says};

#[test]
fn a_header_is_framed_as_by_python() {
    let mut random = Random::new(3);
    let mut headers = Vec::new();
    let names = [
        "",
        "a.txt",
        "\u{554a}.txt",
        "a\"b\\c/d",
        "\u{7f}\u{80}\u{9f}",
        "\0\u{1}\u{1f}\n\r\t\u{8}\u{c}",
        "\u{1f600}\u{10ffff}\u{fffd}\u{2028}",
    ];
    for filename in names {
        for total_size in [0, 5, 65_537, 1 << 53, u64::MAX] {
            for hash in ["", "not computed", "\u{e9}"] {
                let (filename, hash) = (filename.to_owned(), hash.to_owned());
                headers.push(Header {
                    filename,
                    total_size,
                    hash,
                });
            }
        }
    }
    for _ in 0..2_000 {
        let scalars: Vec<u32> = (0..random.below(60))
            .map(|_| random.below(0x11_0000) as u32)
            .collect();
        headers.push(Header {
            filename: scalars.into_iter().filter_map(char::from_u32).collect(),
            total_size: random.number() >> random.below(64),
            hash: hex(random.bytes(32)),
        });
    }
    let question = |header: &Header| {
        let Header {
            filename,
            total_size,
            hash,
        } = header;
        format!("header {} {total_size} {}", hex(filename), hex(hash))
    };
    let questions: Vec<String> = headers.iter().map(question).collect();
    let Some(answers) = python_says("framed headers", &questions) else {
        return;
    };
    for (header, python) in headers.iter().zip(answers) {
        let mut bytes = Vec::new();
        frame::encode(header.encode().as_bytes(), &mut bytes).unwrap();
        assert_eq!(hex(&bytes), python, "{header:?}");
        let mut read = Vec::new();
        assert!(frame::read(&mut &bytes[..], frame::HEADER_LIMIT, &mut read).unwrap());
        assert_eq!(Header::decode_session(&read).as_ref(), Ok(header));
    }
}
