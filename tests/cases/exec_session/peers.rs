//! Runs the peers in `tests/peers`, which speak the session protocol in Python.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use cross_process::artifacts::workspace;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::python;
use cross_process::server::Server;
use cross_process::temp::TempDir;

use super::{client_of, complaint};

/// Every type of frame, and an unknown one.
pub const KINDS: [&str; 14] = [
    "hello",
    "auth",
    "welcome",
    "command",
    "stdin",
    "stdin-eof",
    "stdout",
    "stderr",
    "exit",
    "error",
    "note",
    "ping",
    "pong",
    "COMMAND",
];

/// The script of that name, or `None` with a message about the skip, if there is no Python.
pub fn script(name: &str) -> Option<Command> {
    let mut command = python::command(name)?;
    // Python must not write compiled files.
    command
        .arg("-B")
        .arg(workspace().join("tests/peers").join(name));
    Some(command)
}

/// Plays a script as a client of the server at `endpoint`, and returns the transcript.
#[track_caller]
pub fn play(endpoint: &str, token: &Path, how: &[&str], steps: &str) -> Option<String> {
    play_within(SOON, endpoint, token, how, steps)
}

/// Like [`play`] with another deadline, for scripts of very many connections.
#[track_caller]
pub fn play_within(
    within: Duration,
    endpoint: &str,
    token: &Path,
    how: &[&str],
    steps: &str,
) -> Option<String> {
    let mut command = script("play.py")?;
    command.args(["connect", endpoint]).arg(token).args(how);
    let player = Process::spawn(command);
    Some(transcript(player, within, steps))
}

#[track_caller]
fn transcript(mut player: Process, within: Duration, steps: &str) -> String {
    player.send(steps.as_bytes());
    let done = player.finish(within);
    if !done.status.success() {
        player.fail("the peer has failed");
    }
    String::from_utf8(done.stdout).unwrap()
}

/// A server that plays scripts, one for each connection, against `exec-client`.
pub struct Playing {
    pub server: Server,
    pub dir: TempDir,
}

impl Playing {
    /// `None`, with a message about the skip, if there is no Python.
    pub fn start(how: &[&str], steps: &str) -> Option<Self> {
        let mut command = script("play.py")?;
        let dir = TempDir::new();
        write_token(&dir.join("token"), &"5a".repeat(32));
        command.arg("listen").arg(dir.join("token")).args(how);
        // It reads its scripts to the end before it accepts a connection.
        let mut command_line = Command::new("/bin/sh");
        fs::write(dir.join("script"), steps).unwrap();
        command_line
            .args(["-c", "script=$0; exec \"$@\" <\"$script\""])
            .arg(dir.join("script"))
            .arg(command.get_program())
            .args(command.get_args());
        let server = Server::start(command_line);
        Some(Self { server, dir })
    }

    /// Runs a command of `exec-client` against the next script.
    pub fn run(&self, options: &[&str], command: &str) -> Output {
        let token = self.dir.join("token");
        let client = client_of(&token, self.server.endpoint(), options, command);
        Process::spawn(client).finish(SOON)
    }

    /// Runs a command that fails, and returns its one line of error, without the beginning.
    #[track_caller]
    pub fn complaint(&self, command: &str) -> String {
        let text = complaint(&self.run(&[], command), 255);
        text.trim_start_matches("error: ").trim_end().to_owned()
    }

    /// The transcript of the player, after all its scripts.
    #[track_caller]
    pub fn transcript(mut self) -> String {
        let done = self.server.process.finish(SOON);
        if !done.status.success() {
            self.server.process.fail("the peer has failed");
        }
        let text = String::from_utf8(done.stdout).unwrap();
        let (_, transcript) = text.split_once('\n').unwrap();
        transcript.to_owned()
    }
}

/// Makes a token file that both sides accept.
pub fn write_token(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A relay to the server at `endpoint`, with an edit for each of its connections.
pub fn relay<I: AsRef<str>>(endpoint: &str, edits: &[I]) -> Option<Server> {
    let mut command: Command = script("relay.py")?;
    command.arg(endpoint);
    command.args(edits.iter().map(AsRef::as_ref));
    Some(Server::start(command))
}
