//! The command line of `tcp-client`.

use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The messages; if there are none, they come from stdin.
    pub messages: Vec<Vec<u8>>,
    /// Whether replies are shown as Python shows bytes.
    pub bytes: bool,
    /// Whether bytes are copied unchanged in both directions.
    pub stream: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a whole reply may take.
    pub timeout: Duration,
    /// The log.
    pub log: Log,
}

impl AsMut<Log> for Options {
    fn as_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

/// The table of flags.
pub const TOOL: Tool<Options> = Tool {
    name: "tcp-client",
    about: "sends messages to a TCP server and shows the reply to each",
    operands: &[Operand {
        name: "ENDPOINT",
        default: Some("127.0.0.1:8080"),
        rest: false,
        help: "host[:port], [v6][:port] or unix:PATH",
        set: |o, v| {
            cli::endpoint(v, 8080)
                .and_then(cli::real_port)
                .map(|e| o.endpoint = e)
        },
    }],
    groups: &[
        Group {
            title: "Messages",
            flags: &[
                Flag::value(
                    "send",
                    "TEXT",
                    "a message; default: lines of stdin",
                    |o: &mut Options, v| cli::bytes(v).map(|message| o.messages.push(message)),
                )
                .repeats(),
                Flag::switch(
                    "bytes",
                    "show replies as Python shows bytes: b'HELLO'",
                    |o: &mut Options| o.bytes = true,
                ),
                Flag::switch(
                    "stream",
                    "no messages: copy stdin to the server and its bytes to stdout, as nc -N does",
                    |o: &mut Options| o.stream = true,
                ),
            ],
        },
        Group {
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
                    "timeout",
                    "TIME",
                    "how long a message and its whole reply may take",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.timeout = d),
                )
                .default("30s"),
            ],
        },
        cli::logging(),
    ],
    examples: &[
        Example {
            line: "tcp-client",
            what: "ask for messages and show the replies",
        },
        Example {
            line: "tcp-client --send hello --send 'good bye' --bytes 127.0.0.1:9000",
            what: "two messages, shown as Python shows them",
        },
        Example {
            line: "printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' | tcp-client --stream 127.0.0.1:80",
            what: "talk to any other server, as with nc",
        },
        Example {
            line: "printf 'a\\nb\\n' | tcp-client unix:/tmp/upper.sock",
            what: "one message per line, over a Unix-domain socket",
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
