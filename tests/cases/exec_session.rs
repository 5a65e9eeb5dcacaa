//! Tests `exec-server` and `exec-client` in the session protocol.
//!
//! Their good and bad peers are scripts in `tests/peers`, a second implementation of the protocol
//! in Python.

mod attackers;
mod budgets;
mod client;
mod commands;
mod ending;
mod input;
mod interop;
mod leaving;
mod like_ssh;
mod lost_clients;
mod network;
mod other_user;
mod peers;
mod prompt;
mod random;
mod relay;
mod states;
mod strangers;
mod streaming;
mod surroundings;
mod token_file;
mod unix;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use cross_process::artifacts::artifacts;
use cross_process::deadline::{A_MOMENT, SOON, poll};
use cross_process::net::ANY_PORT;
use cross_process::process::Process;
use cross_process::procfs;
use cross_process::server::Server;
use cross_process::temp::TempDir;

/// A server with a token file of its own.
struct Session {
    server: Server,
    token: PathBuf,
    dir: TempDir,
}

impl Session {
    #[track_caller]
    fn start(options: &[&str]) -> Self {
        let dir = TempDir::new();
        let token = dir.join("token");
        let server = Server::start(server(&token, options, &ANY_PORT.to_string()));
        Self { server, token, dir }
    }

    fn client(&self, options: &[&str], command: &str) -> Process {
        Process::spawn(client(&self.token, self.server.addr(), options, command))
    }

    fn run(&self, command: &str) -> Output {
        self.client(&[], command).finish(SOON)
    }

    #[track_caller]
    fn assert_alive(&mut self) {
        let token = self.token.clone();
        self.server.assert_alive(move |addr| {
            let done = Process::spawn(client(&token, addr, &[], "echo alive")).finish(SOON);
            assert_eq!(done.stdout, b"alive\n");
        });
    }

    /// Whether a command of that name runs.
    fn runs(&self, name: &str) -> bool {
        let children = procfs::children(self.server.process.pid()).unwrap();
        children.iter().any(|child| child.name == name)
    }

    /// A path in the folder of this test, for a command.
    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

fn server(token: &Path, options: &[&str], endpoint: &str) -> Command {
    let mut server = Command::new(artifacts().tool("exec-server"));
    server.arg("--token-file").arg(token);
    server.args(options).arg(endpoint);
    server
}

fn client(token: &Path, addr: SocketAddr, options: &[&str], command: &str) -> Command {
    client_of(token, &addr.to_string(), options, command)
}

fn client_of(token: &Path, endpoint: &str, options: &[&str], command: &str) -> Command {
    let mut client = Command::new(artifacts().tool("exec-client"));
    client.arg("--token-file").arg(token).args(options);
    client.arg(endpoint).arg(command);
    client
}

/// The one line of error of a tool that exits with this status.
#[track_caller]
fn complaint(output: &Output, status: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("error: "), "{text}");
    text
}

/// Waits until a process uses no processor time: it is blocked.
#[track_caller]
fn wait_until_still(pid: u32) {
    let still = poll(SOON, || {
        let before = procfs::cpu_time(pid).ok()?;
        thread::sleep(A_MOMENT);
        (procfs::cpu_time(pid).ok()? == before).then_some(())
    });
    assert!(still.is_some(), "process {pid} does not stop");
}
