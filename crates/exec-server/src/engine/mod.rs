//! Runs shell commands: processes, pipes and time, but no sockets and no protocol.
//!
//! | module | what it is for |
//! |---|---|
//! | [`request`] | a command and its settings |
//! | `spawn` | starts the process of a command |
//! | [`running`] | a running command: pump its output, feed its input |
//! | [`collect`] | collects a command's output in memory, up to a limit |
//! | [`input`] | the command's standard input |
//! | [`outcome`], [`error`] | how it ended; why it could not run |
//! | [`job`] | the states of a command, its end, and why a signal never reaches another program |
//! | `clock` | the thread that watches the time limits |
//! | `guardian` | the process that ends the commands of a server that died |
//! | `outlet` | an output's pipe and its reader |
//! | `os` | pipes, and whether a child has ended: `linux.rs`, or `portable.rs` for other systems |
//! | `pauses` | the pauses of a thread that polls |
//!
//! A command is `/bin/sh -c COMMAND` in a process group of its own. [`Engine::spawn`] starts it;
//! [`Running::pump`] forwards its output and returns how it ended:
//!
//! ```text
//! let engine = Engine::start(settings)?;
//! let running = engine.spawn(Request::new(b"echo hi; exit 3"))?;
//! let job = running.job();                // for the thread that sees the client leave
//! let outcome = running.pump(out, err)?;  // exit status 3; `out` has got 3 bytes
//! ```

mod clock;
mod collect;
mod error;
mod guardian;
mod input;
mod job;
#[cfg_attr(
    any(not(target_os = "linux"), feature = "portable"),
    path = "portable.rs"
)]
#[cfg_attr(all(target_os = "linux", not(feature = "portable")), path = "linux.rs")]
mod os;
mod outcome;
mod outlet;
mod pauses;
mod request;
mod running;
mod spawn;

// The tests read /proc.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use proto::pool::{Pool, Task};

pub use self::{
    collect::Collected,
    error::EngineError,
    input::Input,
    job::Job,
    outcome::{Outcome, Stopped},
    request::Request,
    running::Running,
};

use self::clock::Clock;
use self::guardian::Guardian;

/// The longest command, in bytes: Linux allows 128 KiB for one argument, including the closing NUL.
pub const COMMAND_LIMIT: usize = 131_071;

/// The shell.
const SHELL: &str = "/bin/sh";
/// The stack, in bytes, of the threads that forward standard error and of the clock's thread.
const STACK: usize = 128 * 1024;
const NO_GUARDIAN: &str = "cannot start the guardian that ends commands when the server dies";

/// The settings of an engine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The directory that commands start in; `None` is the server's own.
    pub dir: Option<PathBuf>,
    /// The time from TERM to KILL.
    pub kill_after: Duration,
    /// How long background processes may hold the output after the shell has ended; `None` means
    /// for ever.
    pub drain: Option<Duration>,
}

/// Runs commands, each on the thread that asks for it. A server has one engine.
pub struct Engine {
    settings: Settings,
    /// The variables of our environment that commands do not get.
    hidden: Vec<OsString>,
    /// setsid(1), which starts commands in sessions of their own, if the server has a terminal.
    setsid: Option<PathBuf>,
    /// Whether commands can read and write the server's terminal, because setsid(1) is missing.
    pub shares_terminal: bool,
    guardian: Guardian,
    clock: Clock,
    pool: Pool<Task>,
}

/// Commands do not get variables with this prefix.
const OUR_VARIABLES: &[u8] = b"DIALTONE_";

impl Engine {
    /// Starts the guardian and the clock, and tries the shell once.
    ///
    /// # Errors
    ///
    /// [`EngineError`], if commands could not be run or could not be ended reliably.
    pub fn start(settings: Settings) -> Result<Arc<Self>, EngineError> {
        os::check().map_err(EngineError::Proc)?;
        let has_terminal = File::open("/dev/tty").is_ok();
        try_shell(&settings)?;
        let guardian = Guardian::start(SHELL.into(), settings.kill_after)
            .map_err(|why| EngineError::Failed(NO_GUARDIAN, why))?;
        let clock =
            Clock::start().map_err(|why| EngineError::Failed("cannot start a thread", why))?;
        let setsid = has_terminal.then(find_setsid).flatten();
        Ok(Arc::new(Self {
            pool: Pool::tasks("exec-pipe", STACK),
            settings,
            hidden: our_variables(),
            shares_terminal: has_terminal && setsid.is_none(),
            setsid,
            guardian,
            clock,
        }))
    }
}

/// Runs the shell once in the commands' directory and waits for it. The wait also fails if the
/// server was started with SIGCHLD ignored: then the kernel could reuse a process ID while we still
/// signal it.
fn try_shell(settings: &Settings) -> Result<(), EngineError> {
    let mut shell = Command::new(SHELL);
    if let Some(dir) = &settings.dir {
        shell.current_dir(dir);
    }
    shell
        .args(["-c", ":"])
        .output()
        .map(drop)
        .map_err(|source| spawn::why_not_started(settings, source))
}

/// setsid(1) of util-linux or busybox.
fn find_setsid() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|dir| dir.join("setsid"))
        .find(|file| file.is_absolute() && file.is_file())
}

fn our_variables() -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt;
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_bytes().starts_with(OUR_VARIABLES))
        .collect()
}
