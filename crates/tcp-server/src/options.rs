//! The command line of `tcp-server`.

use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;
use proto::serving::{self, Stop};
use proto::socketserver::MAX_CONNECTIONS;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// Where to listen.
    pub endpoint: Endpoint,
    /// How many connections are served at once.
    pub max_connections: usize,
    /// How long a connection may be silent.
    pub idle_timeout: Option<Duration>,
    /// How long a client may read nothing of a reply.
    pub write_timeout: Duration,
    /// The maximum number of bytes of one read.
    pub recv_size: usize,
    /// When and how the server stops.
    pub stop: Stop,
    /// The log.
    pub log: Log,
}

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
                    "connections served at once; one more is refused as busy",
                    |o: &mut Options, v| {
                        cli::count(v, 1..=MAX_CONNECTIONS).map(|n| o.max_connections = n)
                    },
                )
                .default("10000"),
                Flag::value(
                    "idle-timeout",
                    "TIME",
                    "close a connection that sends nothing for this long (none: never)",
                    |o: &mut Options, v| cli::duration_or_none(v).map(|d| o.idle_timeout = d),
                )
                .default("5m"),
                Flag::value(
                    "write-timeout",
                    "TIME",
                    "close a connection that reads nothing of its reply for this long",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.write_timeout = d),
                )
                .default("30s"),
                Flag::value(
                    "recv-size",
                    "SIZE",
                    "the most bytes that one recv takes; the Python lesson has 1024",
                    |o: &mut Options, v| {
                        cli::size(v, 1..=16 << 20).map(|n| o.recv_size = n as usize)
                    },
                )
                .default("64KiB"),
            ],
        },
        serving::stopping(),
        cli::logging(),
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
            what: "serve a Unix-domain socket, without an idle timeout",
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
