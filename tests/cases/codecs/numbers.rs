//! Compares `pack` and `unpack` with Python's `struct`, in every byte order.

use std::collections::BTreeSet;

use cross_process::random::Random;
use proto::wire::pack::{pack, unpack};

use super::{hex, python_says};

const FORMATS: [&str; 6] = ["i", "@i", "=i", "<i", ">i", "!i"];

#[test]
fn numbers_are_packed_or_refused_as_by_python() {
    let mut numbers = BTreeSet::from([0, i64::MIN, i64::MAX, 1222, 1_222_222_222_223]);
    for power in 0..63 {
        for beside in [-1, 0, 1] {
            numbers.extend([(1 << power) + beside, -(1 << power) + beside]);
        }
    }
    let mut random = Random::new(5);
    numbers.extend((0..500).map(|_| random.number().cast_signed() >> random.below(64)));

    let cases: Vec<(&str, i64)> = FORMATS
        .iter()
        .flat_map(|format| numbers.iter().map(move |number| (*format, *number)))
        .collect();
    let question = |(format, number): &(&str, i64)| format!("pack {format} {number}");
    let questions: Vec<String> = cases.iter().map(question).collect();
    let Some(answers) = python_says("struct.pack", &questions) else {
        return;
    };
    let mut refused = 0;
    for ((format, number), python) in cases.into_iter().zip(answers) {
        let ours = pack(format, number);
        refused += usize::from(ours.is_err());
        let ours = ours.map_or_else(|_| "refused".to_owned(), hex);
        assert_eq!(ours, python, "{format} {number}");
    }
    assert!(refused > 500, "{refused}");
}

#[test]
fn bytes_are_unpacked_or_refused_as_by_python() {
    let mut random = Random::new(6);
    let mut buffers: Vec<Vec<u8>> = (0..9).map(|length| random.bytes(length)).collect();
    buffers.extend([
        vec![0; 4],
        vec![0xff; 4],
        vec![0x80, 0, 0, 0],
        vec![0, 0, 0, 0x80],
    ]);
    buffers.extend((0..500).map(|_| random.bytes(4)));
    let cases: Vec<(&str, &[u8])> = FORMATS
        .iter()
        .flat_map(|format| buffers.iter().map(move |buffer| (*format, &buffer[..])))
        .collect();
    let question = |(format, buffer): &(&str, &[u8])| format!("unpack {format} {}", hex(buffer));
    let questions: Vec<String> = cases.iter().map(question).collect();
    let Some(answers) = python_says("struct.unpack", &questions) else {
        return;
    };
    for ((format, buffer), python) in cases.into_iter().zip(answers) {
        let ours = unpack(format, buffer);
        let ours = ours.map_or_else(|_| "refused".to_owned(), |number| number.to_string());
        assert_eq!(ours, python, "{format} {buffer:?}");
    }
}
