//! Programs that the tests combine in matrices: lesson scripts in Python and Rust, and tools.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use crate::artifacts::{artifacts, workspace};
use crate::deadline::SOON;
use crate::net::ANY_PORT;
use crate::process::Process;
use crate::python;
use crate::server::Server;

/// One program of the workspace. Programs that do the same job form a matrix:
///
/// ```text
/// const SERVERS: [Program; 3] = [Python("tcp_server"), Rust("tcp_server"), Tool("tcp-server", &[])];
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `crates/*/examples/NAME.py`. It takes a port.
    Python(&'static str),
    /// `crates/*/examples/NAME.rs`. It takes a port.
    Rust(&'static str),
    /// A tool, and the options with which it behaves like the scripts. It takes an endpoint.
    Tool(&'static str, &'static [&'static str]),
}

impl Program {
    /// The command that starts it as a server on, or a client of, this address. `None`, with a
    /// message about the skip, if it needs Python and there is none.
    ///
    /// # Panics
    ///
    /// If there is no such program, or a script cannot use the address.
    #[track_caller]
    pub fn command(self, addr: SocketAddr) -> Option<Command> {
        let mut command = self.bare_command()?;
        if let Self::Tool(..) = self {
            command.arg(addr.to_string());
            return Some(command);
        }
        assert_eq!(
            addr.ip().to_string(),
            "127.0.0.1",
            "scripts take only a port"
        );
        command.arg(addr.port().to_string());
        Some(command)
    }

    /// The command that starts it, without an address. `None` as in [`Program::command`].
    #[track_caller]
    pub fn bare_command(self) -> Option<Command> {
        Some(match self {
            Self::Python(stem) => {
                let mut command = python::command(stem)?;
                command.arg(script(stem));
                command
            }
            Self::Rust(stem) => Command::new(artifacts().example(stem)),
            Self::Tool(name, options) => {
                let mut command = Command::new(artifacts().tool(name));
                command.args(options);
                command
            }
        })
    }

    /// Starts it as a server on a port that the kernel chooses. `None` as in [`Program::command`].
    #[track_caller]
    pub fn serve(self) -> Option<Server> {
        Some(Server::start(self.command(ANY_PORT)?))
    }
}

/// Calls `check` for every pair, with the newly started server and the client's command. The output
/// of a failing test ends with the pair that failed.
pub fn each_pair(
    servers: &[Program],
    clients: &[Program],
    mut check: impl FnMut(&mut Server, Command),
) {
    for &server in servers {
        for &client in clients {
            eprintln!("server {server:?}, client {client:?}");
            let Some(mut running) = server.serve() else {
                continue;
            };
            if let Some(command) = client.command(running.addr()) {
                check(&mut running, command);
            }
        }
    }
}

/// Runs a client with `typed` as its standard input, and returns its output without the prompts,
/// which only the scripts print without a terminal.
///
/// # Panics
///
/// If it does not end successfully.
#[track_caller]
pub fn printed_for(typed: &str, client: Command) -> String {
    let mut client = Process::spawn(client);
    client.send(typed.as_bytes());
    let ended = client.finish(SOON);
    if !ended.status.success() {
        client.fail("a client ends with an error");
    }
    match String::from_utf8(ended.stdout) {
        Ok(printed) => printed.replace(">>: ", ""),
        Err(_) => client.fail("a client's output is not UTF-8"),
    }
}

/// The path of a Python script, in any crate.
#[track_caller]
fn script(stem: &str) -> PathBuf {
    let file = format!("examples/{stem}.py");
    let crates = workspace().join("crates");
    let found = fs::read_dir(&crates)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join(&file)))
        .find(|path| path.is_file());
    match found {
        Some(path) => path,
        None => panic!("no crate in {} has {file}", crates.display()),
    }
}
