//! Sends random sequences of right and wrong frames: no command may run that should not.

use std::fs;
use std::time::Duration;

use super::Session;
use super::peers::{KINDS, play_within};

/// Marsaglia's xorshift, a random number generator.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// A client that fails to authenticate, and then tries to create the marker in every way.
fn stranger(chance: &mut Xorshift, marker: &str) -> String {
    let mut steps = String::new();
    // Its keys come from another token, or from the right one with a wrong proof.
    steps += chance.one_of(&[
        "auth good \\x11\n",
        "auth reflected good\n",
        "open auth\n",
        "",
        "",
    ]);
    let has_keys = steps.starts_with("auth");
    for _ in 0..1 + chance.below(4) {
        let kind = chance.one_of(&KINDS);
        steps += chance.one_of(&["", "", "lie code=00\n", "lie announced=3\n"]);
        let how = if has_keys && chance.below(2) == 0 {
            "frame"
        } else {
            "open"
        };
        steps += &format!("{how} {kind} touch {marker}\n");
    }
    steps + &format!("open command touch {marker}\nhalf-close\nend\n---\n")
}

/// A client that authenticates, sends some right frames, and then a wrong one, after which no
/// command may run.
fn liar(chance: &mut Xorshift, marker: &str) -> String {
    let mut steps = String::from("login\n");
    for _ in 0..chance.below(3) {
        steps += "command true\n";
        steps += chance.one_of(&["", "stdin abc\n", "stdin\nstdin-eof\n"]);
        steps += "until exit\n";
    }
    steps += &match chance.below(6) {
        0 => format!("lie sequence={}\n", 50 + chance.below(9)),
        1 => "lie code=00\n".to_owned(),
        2 => "lie key=theirs\n".to_owned(),
        3 => format!("lie announced={}\n", chance.below(70_000) + 70),
        4 => format!("lie flip={}\n", chance.below(1000)),
        _ => {
            let kind = chance.one_of(&["hello", "auth", "stdout", "exit", "error", "COMMAND"]);
            format!("frame {kind} touch {marker}\n")
        }
    };
    for _ in 0..1 + chance.below(3) {
        steps += &format!("command touch {marker}\n");
    }
    steps + "half-close\nend\n---\n"
}

#[test]
fn no_sequence_of_frames_runs_a_command_without_authentication() {
    let mut session = Session::start(&["--quiet"]);
    let marker = session.path("marker");
    let mut chance = Xorshift(0x9E37_79B9_7F4A_7C15);
    let mut steps = String::new();
    for _ in 0..150 {
        steps += &stranger(&mut chance, &marker);
        steps += &liar(&mut chance, &marker);
    }
    // Proves that a command can create a marker, so that its absence means something.
    let proof = session.path("proof");
    steps += &format!("login\ncommand touch {proof}\nuntil exit");
    let Some(seen) = play_within(
        Duration::from_secs(30),
        session.server.endpoint(),
        &session.token,
        &[],
        &steps,
    ) else {
        return;
    };
    assert!(fs::exists(proof).unwrap(), "{seen}");
    assert!(!fs::exists(marker).unwrap(), "{seen}");
    // Each client's connection ends.
    assert_eq!(
        seen.matches("closed\n").count() + seen.matches("reset\n").count(),
        300,
        "{seen}"
    );
    session.assert_alive();
}
