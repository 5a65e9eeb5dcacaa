//! The command line of `exec-server`.

use std::path::PathBuf;
use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
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

const PROTOCOL: Group<Options> = Group {
    title: "Protocol and safety",
    flags: &[
        Flag::value(
            "protocol",
            "NAME",
            "raw, length or header (the Python lesson's three), or session",
            |o: &mut Options, v| cli::choice(v, Protocol::WORDS).map(|p| o.protocol = p),
        )
        .default("session"),
        Flag::switch(
            "no-auth",
            "run commands for anyone who can connect; raw, length and header need it",
            |o: &mut Options| o.no_auth = true,
        ),
        Flag::switch(
            "allow-remote",
            "listen on an address that other machines can reach; session only",
            |o: &mut Options| o.allow_remote = true,
        ),
        Flag::value(
            "token-file",
            "FILE",
            "the secret that clients must know, too [~/.config/dialtone/token]",
            |o: &mut Options, v| {
                o.token_file = Some(v.into());
                Ok(())
            },
        ),
    ],
};

const COMMANDS: Group<Options> = Group {
    title: "Commands",
    flags: &[
        Flag::value(
            "dir",
            "DIR",
            "where commands start [the server's directory]",
            |o: &mut Options, v| {
                o.dir = Some(v.into());
                Ok(())
            },
        ),
        Flag::value(
            "timeout",
            "TIME",
            "how long a command may run [session: none, otherwise 60s]",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.timeout = Some(d)),
        ),
        Flag::value(
            "kill-after",
            "TIME",
            "how long a command may take to end after TERM before it gets KILL",
            |o: &mut Options, v| cli::duration(v).map(|d| o.kill_after = d),
        )
        .default("2s"),
        Flag::value(
            "drain",
            "TIME",
            "how long background processes may hold the output of a command that has ended",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.drain = d),
        )
        .default("none"),
        Flag::value(
            "max-output",
            "SIZE",
            "the most output of a command in raw, length and header, which must hold it all",
            |o: &mut Options, v| cli::size(v, 1..=1 << 31).map(|n| o.max_output = n),
        )
        .default("64MiB"),
    ],
};

const LIMITS: Group<Options> = Group {
    title: "Limits",
    flags: &[
        Flag::value(
            "max-connections",
            "N",
            "connections served at once; one more is refused as busy",
            |o: &mut Options, v| cli::count(v, 1..=4000).map(|n| o.max_connections = n),
        )
        .default("256"),
        Flag::value(
            "max-unauthenticated",
            "N",
            "how many of these may be unauthenticated",
            |o: &mut Options, v| cli::count(v, 1..=4000).map(|n| o.max_unauthenticated = n),
        )
        .default("32"),
        Flag::value(
            "handshake-timeout",
            "TIME",
            "how long authentication, a long command or an answer to a length may take in all",
            |o: &mut Options, v| cli::duration(v).map(|d| o.handshake_timeout = d),
        )
        .default("10s"),
        Flag::value(
            "idle-timeout",
            "TIME",
            "close a connection that sends no command for this long (none: never)",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.idle_timeout = d),
        )
        .default("5m"),
        Flag::value(
            "write-timeout",
            "TIME",
            "close a connection that reads none of its output for this long [session: none, \
             otherwise 30s]",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.write_timeout = Some(d)),
        ),
        Flag::value(
            "alive-interval",
            "TIME",
            "ping a session's client that is silent for this long; it is lost after three \
             intervals without an answer (none: never)",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.alive_interval = d),
        )
        .default("15s"),
    ],
};

impl AsMut<Log> for Options {
    fn as_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

impl AsMut<Stop> for Options {
    fn as_mut(&mut self) -> &mut Stop {
        &mut self.stop
    }
}

/// The table of flags.
pub const TOOL: Tool<Options> = Tool {
    name: "exec-server",
    about: "runs shell commands for clients that know the token",
    operands: &[Operand {
        name: "ENDPOINT",
        default: Some("127.0.0.1:8000"),
        rest: false,
        help: "host[:port], [v6][:port] or unix:PATH; port 0 takes a free one",
        set: |o, v| cli::endpoint(v, 8000).map(|e| o.endpoint = e),
    }],
    groups: &[
        PROTOCOL,
        COMMANDS,
        LIMITS,
        serving::stopping(),
        cli::logging(),
    ],
    examples: &[
        Example {
            line: "exec-server",
            what: "serve this user on this machine; exec-client finds the token on its own",
        },
        Example {
            line: "exec-server --allow-remote --token-file secret 0.0.0.0:8000",
            what: "serve other machines that have a copy of the file",
        },
        Example {
            line: "exec-server --protocol header --no-auth",
            what: "serve the Python lesson's clients, and anything else that can connect",
        },
    ],
    failure_status: 1,
};

#[cfg(test)]
mod tests {
    use super::TOOL;

    #[test]
    fn the_table_of_flags_is_valid() {
        TOOL.debug_assert();
    }
}
