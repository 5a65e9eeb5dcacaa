//! Runs this test binary again, for tests that need a process of their own.

use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::super::{Engine, Request, Settings};

/// The variable with the role of the process.
const ROLE: &str = "DIALTONE_TEST_ROLE";

/// The command that runs `role` in a process of its own.
pub(super) fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "engine::tests::owner::play",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(ROLE, role)
        .stdin(Stdio::null());
    command
}

/// A process that plays a role; killed on drop.
pub(super) struct Owner {
    pub(super) child: Child,
    lines: BufReader<PipeReader>,
}

impl Owner {
    pub(super) fn start(role: &str) -> Self {
        // Both outputs are one pipe, which ends when no process holds either of them.
        let (reader, writer) = io::pipe().unwrap();
        let child = command(role)
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let lines = BufReader::new(reader);
        Self { child, lines }
    }

    /// The text after `word` in a line of the process's output.
    pub(super) fn said(&mut self, word: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "no {word}");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The rest of its output.
    pub(super) fn into_rest(mut self) -> String {
        let mut rest = String::new();
        io::Read::read_to_string(&mut self.lines, &mut rest).unwrap();
        rest
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn say(words: &str) {
    let mut stdout = io::stdout();
    writeln!(stdout, "{words}").unwrap();
    stdout.flush().unwrap();
}

#[test]
#[ignore = "played by other tests in a process of its own"]
fn play() {
    match std::env::var(ROLE).as_deref() {
        Ok("holder") => hold(),
        Ok("environment") => environment(),
        Ok("starter") => start(),
        Ok("thousand") => super::leaks::a_thousand(),
        Ok("gigabyte") => super::leaks::much_output(),
        _ => {}
    }
}

/// Runs three commands, prints their groups, and waits for them.
fn hold() {
    let engine = Engine::start(Settings {
        kill_after: Duration::from_millis(1500),
        ..Settings::default()
    })
    .unwrap();
    let commands = [
        "echo; exec sleep 1000",
        "sleep 1000 | sleep 1000 & echo; sleep 1000; :",
        "trap '' TERM; echo; while :; do sleep 1000; done",
    ];
    let pumps: Vec<_> = commands
        .map(|command| {
            let running = engine.spawn(Request::new(command.as_bytes())).unwrap();
            let group = running.job().group;
            let ([out, err], told) = super::tell();
            let pump = thread::spawn(move || running.pump(out, err).map(drop));
            told.recv_timeout(super::DEADLINE).unwrap();
            say(&format!("\ngroup {group}"));
            (told, pump)
        })
        .into();
    for (_told, pump) in pumps {
        pump.join().unwrap().unwrap();
    }
}

fn environment() {
    let engine = Engine::start(Settings::default()).unwrap();
    let running = engine.spawn(Request::new(b"env")).unwrap();
    let (_, collected) = running.collect(1 << 20).unwrap();
    say(&String::from_utf8_lossy(&collected.stdout));
}

fn start() {
    match Engine::start(Settings::default()) {
        Ok(_) => say("\nstarted"),
        Err(error) => say(&format!("\nrefused {error}")),
    }
}
