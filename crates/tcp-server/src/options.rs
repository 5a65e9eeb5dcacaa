//! The command line of `tcp-server`.

use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;

/// Everything that can be set.
#[derive(Debug)]
pub struct Options {
    /// Where to listen.
    pub endpoint: Endpoint,
    /// How many connections are served at once.
    pub max_connections: usize,
    /// How long a connection may be silent.
    pub idle_timeout: Option<Duration>,
    /// How long a client may take none of a reply.
    pub write_timeout: Duration,
    /// The most that one read takes, in bytes.
    pub recv_size: usize,
    /// Whether the end of stdin stops the server.
    pub stop_on_eof: bool,
    /// How long connections may go on after that.
    pub grace: Duration,
    /// What is logged.
    pub log: Log,
}

impl Default for Options {
    /// Only the shape: the table's defaults are set over it.
    fn default() -> Self {
        Self {
            endpoint: Endpoint::Unix("".into()),
            max_connections: 0,
            idle_timeout: None,
            write_timeout: Duration::ZERO,
            recv_size: 0,
            stop_on_eof: false,
            grace: Duration::ZERO,
            log: Log::default(),
        }
    }
}

/// The table.
pub const TOOL: Tool<Options> = Tool {
    name: "tcp-server",
    about: "answers every byte with its ASCII upper case",
    operands: &[Operand {
        name: "ENDPOINT",
        default: Some("127.0.0.1:8080"),
        rest: false,
        help: "host[:port], [v6][:port] or unix:PATH; port 0 takes a free one",
        set: |o, v| cli::endpoint(v, 8080).map(|e| o.endpoint = e),
    }],
    groups: &[
        Group {
            title: "Limits",
            flags: &[
                Flag::value(
                    "max-connections",
                    "N",
                    "connections served at once; one more is told busy and closed",
                    |o: &mut Options, v| {
                        cli::count(v, 1..=1_000_000).map(|n| o.max_connections = n)
                    },
                )
                .default("10000"),
                Flag::value(
                    "idle-timeout",
                    "TIME",
                    "close a connection that sends nothing for so long (none: never)",
                    |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.idle_timeout = d),
                )
                .default("5m"),
                Flag::value(
                    "write-timeout",
                    "TIME",
                    "close a connection that takes nothing of its reply for so long",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.write_timeout = d),
                )
                .default("30s"),
                Flag::value(
                    "recv-size",
                    "SIZE",
                    "the most that one recv takes; the Python lesson has 1024",
                    |o: &mut Options, v| {
                        cli::size(v, 1..=16 << 20).map(|n| o.recv_size = n as usize)
                    },
                )
                .default("64KiB"),
            ],
        },
        Group {
            title: "Stopping",
            flags: &[
                Flag::switch(
                    "stop-on-eof",
                    "when stdin ends: accept no more, let connections finish, exit 0",
                    |o: &mut Options| o.stop_on_eof = true,
                ),
                Flag::value(
                    "grace",
                    "TIME",
                    "how long connections may take to finish then",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.grace = d),
                )
                .default("2s"),
            ],
        },
        Group {
            title: "Logging",
            flags: &[
                Flag::switch(
                    "trace",
                    "show every recv and send on stderr",
                    |o: &mut Options| o.log.trace = true,
                ),
                Flag::switch("quiet", "only errors on stderr", |o: &mut Options| {
                    o.log.quiet = true
                }),
            ],
        },
    ],
    examples: &[
        Example {
            line: "tcp-server",
            what: "serve this machine on port 8080",
        },
        Example {
            line: "tcp-server --trace --recv-size 1024 127.0.0.1:9000",
            what: "watch what the Python lesson's recv(1024) sees",
        },
        Example {
            line: "tcp-server --idle-timeout none unix:/tmp/upper.sock",
            what: "serve a Unix-domain socket, and never tire of waiting",
        },
    ],
    failure_status: 1,
};

#[cfg(test)]
mod tests {
    use super::TOOL;

    #[test]
    fn the_table_is_in_order() {
        TOOL.debug_assert();
    }
}
