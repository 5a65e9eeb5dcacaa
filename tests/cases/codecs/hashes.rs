//! Compares SHA-256 and HMAC with Python's `hashlib` and `hmac`.

use cross_process::random::Random;
use proto::wire::hmac::Key;
use proto::wire::sha256::{Sha256, digest};

use super::{hex, python_says};

#[test]
fn sha256_of_every_length_equals_pythons() {
    let mut random = Random::new(8);
    let mut messages: Vec<Vec<u8>> = (0..=300).map(|length| random.bytes(length)).collect();
    messages.extend((0..=300).map(|length| vec![0x80; length]));
    messages.extend([1000, 4096, 65_535, 65_536, 1 << 20].map(|length| random.bytes(length)));
    let questions: Vec<String> = messages
        .iter()
        .map(|one| format!("sha256 {}", hex(one)))
        .collect();
    let Some(answers) = python_says("hashlib.sha256", &questions) else {
        return;
    };
    for (message, python) in messages.iter().zip(answers) {
        assert_eq!(hex(digest(message)), python, "{} bytes", message.len());
        let mut in_pieces = Sha256::new();
        let mut rest = &message[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(random.below(200)));
            in_pieces.update(piece);
            rest = behind;
        }
        assert_eq!(
            hex(in_pieces.finish()),
            python,
            "{} bytes in pieces",
            message.len()
        );
    }
}

#[test]
fn hmac_of_random_keys_and_messages_equals_pythons() {
    let mut random = Random::new(9);
    let mut cases = Vec::new();
    for length in 0..=200 {
        cases.push((random.bytes(length), random.bytes(300 - length)));
    }
    while cases.len() < 2_000 {
        let (key, message) = (random.below(150), random.below(500));
        cases.push((random.bytes(key), random.bytes(message)));
    }
    let question =
        |(key, message): &(Vec<u8>, Vec<u8>)| format!("hmac {} {}", hex(key), hex(message));
    let questions: Vec<String> = cases.iter().map(question).collect();
    let Some(answers) = python_says("hmac", &questions) else {
        return;
    };
    for ((key, message), python) in cases.iter().zip(answers) {
        let (start, end) = message.split_at(random.below(message.len() + 1));
        let code = Key::new(key).code(&[start, end]);
        assert_eq!(
            hex(code),
            python,
            "key {} message {}",
            hex(key),
            hex(message)
        );
    }
}

#[test]
fn a_chain_of_digests_equals_pythons() {
    let mut random = Random::new(10);
    let mut seed = random.bytes(32);
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for _ in 0..20 {
        questions.push(format!("chain {} 1000", hex(&seed)));
        let mut last = [seed.clone(), seed.clone(), seed];
        for _ in 0..1000 {
            let next = digest(&last.concat()).to_vec();
            last.rotate_left(1);
            last[2] = next;
        }
        seed = last[2].clone();
        ours.push(hex(&seed));
    }
    let Some(answers) = python_says("a chain of digests", &questions) else {
        return;
    };
    assert_eq!(ours, answers);
}
