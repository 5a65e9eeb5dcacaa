//! The command line of `exec-server`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use proto::cli::{self, Log, Tool};
use proto::net::Endpoint;
use proto::serving::{self, Stop};
use proto::wire::Protocol;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// Where to listen.
    pub endpoint: Endpoint,
    /// The protocol.
    pub protocol: Protocol,
    /// Whether the user confirms a lesson protocol, which does not authenticate clients.
    pub no_auth: bool,
    /// Whether other machines may connect.
    pub allow_remote: bool,
    /// The token file; `None` means the default one.
    pub token_file: Option<PathBuf>,
    /// The directory in which commands start.
    pub dir: Option<PathBuf>,
    /// How long a command may run: `None` without the flag, `Some(None)` for `none`.
    pub timeout: Option<Option<Duration>>,
    /// The maximum output that a lesson protocol collects, in bytes.
    pub max_output: u64,
    /// How many connections are served at once.
    pub max_connections: usize,
    /// How many connections may be unauthenticated at once.
    pub max_unauthenticated: usize,
    /// How long a client may take to authenticate, to send one command, or to answer a length.
    pub handshake_timeout: Duration,
    /// How long a connection may be silent between commands.
    pub idle_timeout: Option<Duration>,
    /// How long a client may read none of its output: `None` without the flag, `Some(None)` for
    /// `none`.
    pub write_timeout: Option<Option<Duration>>,
    /// The time of silence after which a session's client gets a `ping`.
    pub alive_interval: Option<Duration>,
    /// The time from TERM to KILL.
    pub kill_after: Duration,
    /// How long background processes may hold the output of a command that has ended.
    pub drain: Option<Duration>,
    /// When and how the server stops.
    pub stop: Stop,
    /// The log.
    pub log: Log,
}

impl Options {
    /// How long a command may run. A lesson protocol sends no output before the command has ended,
    /// so there it has a limit by default.
    pub fn command_timeout(&self) -> Option<Duration> {
        let lesson = self.in_lesson(Duration::from_secs(60));
        self.timeout.unwrap_or(lesson)
    }

    /// How long a client may read none of its output. In a session it may pause for any time by
    /// default.
    pub fn write_timeout(&self) -> Option<Duration> {
        let lesson = self.in_lesson(Duration::from_secs(30));
        self.write_timeout.unwrap_or(lesson)
    }

    /// A limit that only the lesson's protocols have.
    fn in_lesson(&self, limit: Duration) -> Option<Duration> {
        (self.protocol != Protocol::Session).then_some(limit)
    }
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    check: Some(check),
    ..Tool::new("exec-server", &[HELP, serving::STOPPING, cli::LOGGING], set)
};

const HELP: &str = "\
exec-server: runs shell commands for clients that know the token

Usage: exec-server [OPTIONS] [ENDPOINT]

  ENDPOINT                  host[:port], [v6][:port] or unix:PATH; port 0 takes
                            a free one [127.0.0.1:8000]

Protocol and safety:
  --protocol NAME           raw, length or header (the Python lesson's three),
                            or session [session]
  --no-auth                 run commands for anyone who can connect; raw, length
                            and header need it
  --allow-remote            listen on an address that other machines can reach;
                            session only
  --token-file FILE         the secret that clients must know, too
                            (~/.config/dialtone/token)

Commands:
  --dir DIR                 where commands start (the server's directory)
  --timeout TIME            how long a command may run (session: none, otherwise
                            60s)
  --kill-after TIME         how long a command may take to end after TERM before
                            it gets KILL [2s]
  --drain TIME              how long background processes may hold the output of
                            a command that has ended [none]
  --max-output SIZE         the most output of a command in raw, length and
                            header, which must hold it all [64MiB]

Limits:
  --max-connections N       connections served at once; one more is refused as
                            busy [256]
  --max-unauthenticated N   how many of these may be unauthenticated [32]
  --handshake-timeout TIME  how long authentication, a long command or an answer
                            to a length may take in all [10s]
  --idle-timeout TIME       close a connection that sends no command for this
                            long (none: never) [5m]
  --write-timeout TIME      close a connection that reads none of its output for
                            this long (session: none, otherwise 30s)
  --alive-interval TIME     ping a session's client that is silent for this
                            long; it is lost after three intervals without an
                            answer (none: never) [15s]
";

const EXAMPLES: &str = "
Examples:
  exec-server
      serve this user on this machine; exec-client finds the token on its own
  exec-server --allow-remote --token-file secret 0.0.0.0:8000
      serve other machines that have a copy of the file
  exec-server --protocol header --no-auth
      serve the Python lesson's clients, and anything else that can connect
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::endpoint(v, 8000)?,
        "--protocol" => o.protocol = cli::choice(v, Protocol::WORDS)?,
        "--no-auth" => o.no_auth = true,
        "--allow-remote" => o.allow_remote = true,
        "--token-file" => o.token_file = Some(v.into()),
        "--dir" => o.dir = Some(v.into()),
        "--timeout" => o.timeout = Some(cli::duration_or_none(v)?),
        "--kill-after" => o.kill_after = cli::duration(v)?,
        "--drain" => o.drain = cli::duration_or_none(v)?,
        "--max-output" => o.max_output = cli::size(v, 1..=1 << 31)?,
        "--max-connections" => o.max_connections = cli::count(v, 1..=4000)?,
        "--max-unauthenticated" => o.max_unauthenticated = cli::count(v, 1..=4000)?,
        "--handshake-timeout" => o.handshake_timeout = cli::duration(v)?,
        "--idle-timeout" => o.idle_timeout = cli::duration_or_none(v)?,
        "--write-timeout" => o.write_timeout = Some(cli::duration_or_none(v)?),
        "--alive-interval" => o.alive_interval = cli::duration_or_none(v)?,
        "--stop-on-eof" => o.stop.on_eof = true,
        "--grace" => o.stop.grace = cli::duration(v)?,
        _ => o.log.set(name),
    }
    Ok(())
}

/// Refuses flags that exclude each other.
fn check(o: &Options, _: &[&str]) -> Result<(), String> {
    if o.no_auth && o.protocol == Protocol::Session {
        return Err(
            "--no-auth goes with --protocol raw, length or header; a session always authenticates"
                .into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_text_is_valid() {
        super::TOOL.debug_assert();
    }
}
