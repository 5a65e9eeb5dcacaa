//! A lesson script in Python or Rust, or a tool: the columns of a matrix.

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

/// One program of the workspace. Those that do the same job in the same way make a matrix:
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
    /// A tool and the options with which it does what the scripts do. It takes an endpoint.
    Tool(&'static str, &'static [&'static str]),
}

impl Program {
    /// The command that starts it as a server on, or a client of, this address. `None`, with a
    /// word about the skip, where it needs Python and there is none.
    ///
    /// # Panics
    ///
    /// If there is no such program, or the address is one that a script cannot be told.
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

    /// The command that starts it, without a word about an address. `None` as in
    /// [`Program::command`].
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

    /// Starts it as a server on a port that the system chooses. `None` as in [`Program::command`].
    #[track_caller]
    pub fn serve(self) -> Option<Server> {
        Some(Server::start(self.command(ANY_PORT)?))
    }
}

/// Calls `check` with every server, freshly started, and every client's command for it. The output
/// of a test that fails ends with the pair that failed.
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

/// Runs a client that takes lines from its standard input, with all of `typed` for input, and hands
/// over what it has printed, without its prompts: only the scripts prompt where no terminal is.
///
/// # Panics
///
/// If it does not end, or not with success.
#[track_caller]
pub fn printed_for(typed: &str, client: Command) -> String {
    let mut client = Process::spawn(client);
    client.send(typed.as_bytes());
    let ended = client.finish(SOON);
    if !ended.status.success() {
        client.fail("a client does not end well");
    }
    match String::from_utf8(ended.stdout) {
        Ok(printed) => printed.replace(">>: ", ""),
        Err(_) => client.fail("a client prints what is no UTF-8"),
    }
}

/// Where a Python script is, whichever crate it belongs to.
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
