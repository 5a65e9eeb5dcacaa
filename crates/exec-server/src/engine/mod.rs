//! Runs shell commands: processes, pipes and time, but no sockets and no protocol.
//!
//! | module | what it is for |
//! |---|---|
//! | [`request`] | what one command asks for |
//! | [`running`] | a command that runs: pump its output, feed its input, cancel it |
//! | [`sink`], [`collect`] | where the output goes: to a caller's frames, or into memory up to a limit |
//! | [`input`] | the command's standard input |
//! | [`outcome`], [`error`] | how it ended; why it could not run |
//! | `job` | the states of a command, and why a signal never hits a stranger |
//! | `helpers` | threads for the second pipe, kept warm |
//! | `watch` | the thread that keeps the time |
//! | `guardian` | the process that ends the commands of a server that died |
//! | `outlet`, `pump`, `other_end` | a pipe, its reader, and how to get a reader out of a pipe |
//! | `proc_table` | whether a child has ended, without reaping it |
//!
//! A command is `/bin/sh -c COMMAND` in a process group of its own. [`Engine::spawn`] starts it;
//! [`Running::pump`] sees it to its end and says how it was:
//!
//! ```text
//! let engine = Engine::start(Settings::default())?;
//! let running = engine.spawn(&Request::new(b"echo hi; exit 3"))?;
//! let canceller = running.canceller();            // for the thread that sees the client leave
//! let outcome = running.pump(&Arc::new(frames))?; // Status::Code(3), 3 bytes on stdout
//! ```
//!
//! It needs Linux: `/proc` tells it what std does not.

mod collect;
mod error;
mod guardian;
mod helpers;
mod input;
mod job;
mod other_end;
mod outcome;
mod outlet;
mod proc_table;
mod pump;
mod request;
mod running;
mod sink;
mod spawn;
mod sync;
mod watch;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

pub use self::{
    collect::Collected,
    error::{CommandError, StartError},
    input::Input,
    outcome::{Outcome, Status, Stopped},
    request::{COMMAND_LIMIT, Request},
    running::{Canceller, Running},
    sink::{Sink, Stream},
};

use self::guardian::Guardian;
use self::helpers::Helpers;
use self::watch::Watch;

/// How an engine runs commands.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory that commands start in; `None` is the server's own.
    pub dir: Option<PathBuf>,
    /// How long a command that was sent TERM may go on before it is sent KILL.
    pub grace: Duration,
    /// How long output may stay open once the shell has ended.
    pub drain: Duration,
    /// Leaves processes in the background alone that keep the output open longer than that;
    /// their output is closed.
    pub keep_background: bool,
    /// The shell.
    pub shell: PathBuf,
    /// The stack, in bytes, of the thread that hands standard error to the sink.
    pub pump_stack: usize,
}

impl Default for Settings {
    /// `/bin/sh` in the server's directory, 2 s of grace, 1 s to drain, background ended, 128 KiB.
    fn default() -> Self {
        Self {
            dir: None,
            grace: Duration::from_secs(2),
            drain: Duration::from_secs(1),
            keep_background: false,
            shell: PathBuf::from("/bin/sh"),
            pump_stack: 128 * 1024,
        }
    }
}

/// Runs commands, each on the thread that asks for it. One serves a whole server.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Core>);

/// What all commands of an engine share.
#[derive(Debug)]
struct Core {
    settings: Settings,
    /// Variables of our environment that commands do not get.
    hidden: Vec<OsString>,
    guardian: Arc<Guardian>,
    watch: Watch,
    helpers: Helpers,
}

/// Variables that begin so are ours and no command's business.
const OUR_VARIABLES: &[u8] = b"DIALTONE_";

impl Engine {
    /// Starts the guardian and the thread that keeps the time, and tries the shell once.
    ///
    /// # Errors
    ///
    /// [`StartError`], where commands could not be run or could not be ended for certain.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        proc_table::check().map_err(StartError::Proc)?;
        try_shell(&settings)?;
        let guardian = Guardian::start(settings.shell.clone(), settings.grace)
            .map(Arc::new)
            .map_err(StartError::Guardian)?;
        let watch = Watch::start(Arc::clone(&guardian)).map_err(StartError::Thread)?;
        Ok(Self(Arc::new(Core {
            helpers: Helpers::new(settings.pump_stack),
            settings,
            hidden: our_variables(),
            guardian,
            watch,
        })))
    }

    /// Starts a command. Its output waits in its pipes until it is pumped.
    ///
    /// # Errors
    ///
    /// [`CommandError`], and then nothing runs.
    pub fn spawn(&self, request: &Request<'_>) -> Result<Running, CommandError> {
        spawn::spawn(&self.0, request)
    }
}

/// Runs the shell once and waits for it, which also fails where whoever started us has children's
/// ends ignored (SIGCHLD): then a number could be used again while we still signal it.
fn try_shell(settings: &Settings) -> Result<(), StartError> {
    std::process::Command::new(&settings.shell)
        .args(["-c", ":"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map(drop)
        .map_err(|source| StartError::Shell {
            shell: settings.shell.clone(),
            source,
        })
}

fn our_variables() -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt;
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.as_bytes().starts_with(OUR_VARIABLES))
        .collect()
}
