//! The command line of `exec-client`.

use std::path::PathBuf;
use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;
use proto::wire::Protocol;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The command, its words joined by spaces. Without it, commands come from stdin.
    pub command: Option<Vec<u8>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The token file; `None` means the default one.
    pub token_file: Option<PathBuf>,
    /// Whether COMMAND gets no standard input.
    pub no_input: bool,
    /// Whether commands from stdin continue after one that fails.
    pub keep_going: bool,
    /// Whether the body's hash is checked, in the header protocol.
    pub verify_hash: bool,
    /// The longest output that is accepted, in bytes.
    pub max_output: u64,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the server may take to authenticate itself.
    pub handshake_timeout: Duration,
    /// How long the server may be silent while a command runs: `None` without the flag,
    /// `Some(None)` for `none`.
    pub timeout: Option<Option<Duration>>,
    /// The time of silence after which the client sends a `ping`.
    pub alive_interval: Option<Duration>,
    /// The log.
    pub log: Log,
}

impl Options {
    /// How long the server may be silent. In the lesson's protocols the server is silent until the
    /// command has ended, and our server ends it after a minute.
    pub fn silence(&self) -> Option<Duration> {
        match (self.timeout, self.protocol) {
            (Some(timeout), _) => timeout,
            (None, Protocol::Session) => None,
            (None, _) => Some(Duration::from_secs(90)),
        }
    }
}

const PROTOCOL: Group<Options> = Group {
    title: "Protocol",
    flags: &[
        Flag::value(
            "protocol",
            "NAME",
            "raw, length or header (the Python lesson's three), or session",
            |o: &mut Options, v| cli::choice(v, Protocol::WORDS).map(|p| o.protocol = p),
        )
        .default("session"),
        Flag::value(
            "token-file",
            "FILE",
            "the server's secret [~/.config/dialtone/token]",
            |o: &mut Options, v| {
                o.token_file = Some(v.into());
                Ok(())
            },
        ),
        Flag::switch(
            "verify-hash",
            "header: check the output against the header's hash",
            |o: &mut Options| o.verify_hash = true,
        ),
    ],
};

const COMMANDS: Group<Options> = Group {
    title: "Commands",
    flags: &[
        Flag::switch(
            "no-input",
            "give COMMAND no standard input, as in a loop that reads it",
            |o: &mut Options| o.no_input = true,
        )
        .short('n'),
        Flag::switch(
            "keep-going",
            "go on after a line of standard input that fails",
            |o: &mut Options| o.keep_going = true,
        ),
    ],
};

const LIMITS: Group<Options> = Group {
    title: "Limits",
    flags: &[
        Flag::value(
            "connect-timeout",
            "TIME",
            "how long connecting may take",
            |o: &mut Options, v| cli::duration(v).map(|d| o.connect_timeout = d),
        )
        .default("10s"),
        Flag::value(
            "handshake-timeout",
            "TIME",
            "session: how long the server may take to authenticate itself",
            |o: &mut Options, v| cli::duration(v).map(|d| o.handshake_timeout = d),
        )
        .default("20s"),
        Flag::value(
            "timeout",
            "TIME",
            "how long the server may be silent [session: none, otherwise 90s]",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.timeout = Some(d)),
        ),
        Flag::value(
            "alive-interval",
            "TIME",
            "session: ping a server that is silent for TIME; three silent intervals end it",
            |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.alive_interval = d),
        )
        .default("15s"),
        Flag::value(
            "max-output",
            "SIZE",
            "length and header: the longest output that is accepted",
            |o: &mut Options, v| cli::size(v, 1..=1 << 50).map(|n| o.max_output = n),
        )
        .default("1024GiB"),
    ],
};

impl AsMut<Log> for Options {
    fn as_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

/// The table of flags.
pub const TOOL: Tool<Options> = Tool {
    name: "exec-client",
    about: "runs a command on an exec-server, with its output and exit status",
    operands: &[
        Operand {
            name: "ENDPOINT",
            default: Some("127.0.0.1:8000"),
            rest: false,
            help: "host[:port], [v6][:port] or unix:PATH",
            set: |o, v| {
                cli::endpoint(v, 8000)
                    .and_then(cli::real_port)
                    .map(|e| o.endpoint = e)
            },
        },
        Operand {
            name: "COMMAND",
            default: None,
            rest: true,
            help: "for the server's shell, with our standard input; without COMMAND, each \
                   line of standard input is a command for a shell of its own",
            set: |o, v| {
                let word = cli::bytes(v)?;
                match &mut o.command {
                    Some(command) => {
                        command.push(b' ');
                        command.extend_from_slice(&word);
                    }
                    None => o.command = Some(word),
                }
                Ok(())
            },
        },
    ],
    groups: &[PROTOCOL, COMMANDS, LIMITS, cli::logging()],
    examples: &[
        Example {
            line: "exec-client 127.0.0.1:8000 uname -a",
            what: "run one command; its exit status becomes ours, 255 is a failure of our own",
        },
        Example {
            line: "exec-client 127.0.0.1:8000 'tar x' < files.tar",
            what: "send it a file",
        },
        Example {
            line: "exec-client 127.0.0.1:8000 sh < script",
            what: "run a script in one shell, so that cd and variables last",
        },
        Example {
            line: "exec-client --protocol header",
            what: "talk to the Python lesson's server, one command per line",
        },
    ],
    failure_status: 255,
};

#[cfg(test)]
mod tests {
    use super::TOOL;

    #[test]
    fn the_table_of_flags_is_valid() {
        TOOL.debug_assert();
    }
}
