//! Third-party servers, or the skip if they are not installed.
//!
//! `tests/servers/install.sh` installs them into the folder that `DIALTONE_SERVERS` names, or
//! `target/servers`. A test starts them as an ordinary user, on a port that the kernel chooses.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::artifacts::workspace;
use crate::deadline::poll;
use crate::process::Process;
use crate::procfs;
use crate::skip::skip_outside_ci;

/// How long a server may take to start. Python reads many files for some of them, and a new machine
/// has none of them in its cache.
const START: Duration = Duration::from_secs(30);

/// A running third-party server.
#[derive(Debug)]
pub struct Other {
    /// Its process.
    pub process: Process,
    /// The address at which it listens.
    pub addr: SocketAddr,
}

impl Other {
    /// Starts a server that was told to listen on port 0, and waits until it listens. The port
    /// comes from the kernel, because not every server prints it.
    #[track_caller]
    pub fn start(command: Command) -> Self {
        let process = Process::spawn(command);
        let pid = process.pid();
        match poll(START, || procfs::listens_on(pid).ok()?) {
            Some(port) => Self {
                process,
                addr: (Ipv4Addr::LOCALHOST, port).into(),
            },
            None => process.fail("does not listen"),
        }
    }
}

/// Python with the servers of `tests/servers/requirements.txt`. `None`, with a message that `what`
/// is skipped, if they are not installed.
///
/// # Panics
///
/// If they are not installed and the environment has `CI=true`.
pub fn python(what: &str) -> Option<Command> {
    let mut command = Command::new(installed("python/bin/python", what)?);
    command.args(["-I", "-B", "-X", "utf8"]);
    Some(command)
}

/// Like [`python`], but runs the command of an installed server.
pub fn python_script(name: &str, what: &str) -> Option<Command> {
    let mut command = python(what)?;
    command.arg(installed(&format!("python/bin/{name}"), what)?);
    Some(command)
}

/// Like [`python`], but runs one of our scripts in `tests/servers`, which start such a server.
pub fn starter(script: &str, what: &str) -> Option<Command> {
    let mut command = python(what)?;
    command.arg(workspace().join("tests/servers").join(script));
    Some(command)
}

/// A command that starts a program of a Debian package for each connection, on a port that the
/// kernel chooses. The caller adds the program's arguments. `None` as in [`python`].
pub fn inetd(package: &str, program: &str, what: &str) -> Option<Command> {
    let program = debian(package, program, what)?;
    let mut command = starter("inetd.py", what)?;
    command.arg("0").arg(program.get_program());
    Some(command)
}

/// A program of a Debian package. `None` as in [`python`].
pub fn debian(package: &str, program: &str, what: &str) -> Option<Command> {
    let file = format!("debian/{package}/usr/sbin/{program}");
    Some(Command::new(installed(&file, what)?))
}

/// The folder with all servers. `None` as in [`python`], if one is missing.
pub fn folder(what: &str) -> Option<PathBuf> {
    for file in ["python/bin/python", "debian/sn", "debian/gophernicus"] {
        installed(file, what)?;
    }
    Some(place())
}

fn installed(file: &str, what: &str) -> Option<PathBuf> {
    let path = place().join(file);
    if path.exists() {
        return Some(path);
    }
    let why = format!("no {}; run tests/servers/install.sh", path.display());
    skip_outside_ci(what, &why);
    None
}

fn place() -> PathBuf {
    let named = env::var_os("DIALTONE_SERVERS");
    workspace().join(named.unwrap_or_else(|| "target/servers".into()))
}
