//! The command line of `udp-client`.

use std::time::Duration;

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::{Endpoint, MAX_DATAGRAM};

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The server's endpoint.
    pub endpoint: Endpoint,
    /// The messages; if there are none, they come from stdin.
    pub messages: Vec<Vec<u8>>,
    /// The total number of messages.
    pub count: Option<usize>,
    /// The least time between two messages.
    pub interval: Option<Duration>,
    /// Whether the time of each answer is shown.
    pub times: bool,
    /// Whether answers are shown as Python shows bytes.
    pub bytes: bool,
    /// The maximum number of bytes of an answer that are shown.
    pub recv_size: usize,
    /// How long an answer may take, including all retries.
    pub timeout: Duration,
    /// How many times a message is sent again.
    pub retries: u32,
    /// The log.
    pub log: Log,
}

impl Options {
    /// How many messages are sent; `None` for all lines of stdin.
    pub fn total(&self) -> Option<usize> {
        let given = self.messages.len();
        self.count.or_else(|| (given > 0).then_some(given))
    }
}

impl AsMut<Log> for Options {
    fn as_mut(&mut self) -> &mut Log {
        &mut self.log
    }
}

/// The table of flags.
pub const TOOL: Tool<Options> = Tool {
    name: "udp-client",
    about: "sends datagrams, shows the answers and reports losses",
    operands: &[Operand {
        name: "ENDPOINT",
        default: Some("127.0.0.1:8080"),
        rest: false,
        help: "host[:port] or [v6][:port]",
        set: |o, v| {
            cli::udp_endpoint(v, 8080)
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
                    "a message (may be empty); default: lines of stdin",
                    |o: &mut Options, v| cli::bytes(v).map(|message| o.messages.push(message)),
                )
                .repeats(),
                Flag::value(
                    "count",
                    "N",
                    "send N messages: those of --send in turn, or numbered ones",
                    |o: &mut Options, v| cli::count(v, 1..=1 << 30).map(|n| o.count = Some(n)),
                )
                .short('c'),
                Flag::value(
                    "interval",
                    "TIME",
                    "send one message per interval, up to 48 in flight; default: up to 8 in flight",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.interval = Some(d)),
                )
                .short('i'),
                Flag::switch(
                    "times",
                    "show the time of each answer on stderr",
                    |o: &mut Options| o.times = true,
                ),
                Flag::switch(
                    "bytes",
                    "show answers as Python shows bytes: b'HELLO'",
                    |o: &mut Options| o.bytes = true,
                ),
            ],
        },
        Group {
            title: "Limits",
            flags: &[
                Flag::value(
                    "timeout",
                    "TIME",
                    "how long an answer may take, with all retries; if one is missing or cut, the \
                     exit status is 1",
                    |o: &mut Options, v| cli::duration(v).map(|d| o.timeout = d),
                )
                .default("2s"),
                Flag::value(
                    "retries",
                    "N",
                    "how often to send a message again; each wait is twice the previous one",
                    |o: &mut Options, v| cli::count(v, 0..=10).map(|n| o.retries = n as u32),
                )
                .default("2"),
                Flag::value(
                    "recv-size",
                    "SIZE",
                    "keep this much of an answer and report the loss; the Python lesson has 1024, \
                     and reports nothing",
                    |o: &mut Options, v| {
                        cli::size(v, 1..=MAX_DATAGRAM as u64).map(|n| o.recv_size = n as usize)
                    },
                )
                .default("65507"),
            ],
        },
        cli::logging(),
    ],
    examples: &[
        Example {
            line: "udp-client",
            what: "ask for messages; Ctrl-D ends with a report, Ctrl-C without one",
        },
        Example {
            line: "udp-client --send hello --send '' --bytes 127.0.0.1:9000",
            what: "two messages, one of them empty, shown as Python shows them",
        },
        Example {
            line: "udp-client --count 10 --interval 1s --times --retries 0",
            what: "measure loss and times, as ping does",
        },
        Example {
            line: "udp-client --retries 0 --timeout 500ms < lines",
            what: "see what gets lost without retries",
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
