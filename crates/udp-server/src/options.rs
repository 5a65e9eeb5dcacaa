//! The command line of `udp-server`.

use proto::cli::{self, Example, Flag, Group, Log, Operand, Tool};
use proto::net::{Endpoint, MAX_DATAGRAM};

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// Where to receive datagrams.
    pub endpoint: Endpoint,
    /// The maximum number of bytes of a datagram that are kept.
    pub recv_size: usize,
    /// Whether other machines may reach it.
    pub allow_remote: bool,
    /// Whether the end of stdin stops the server.
    pub stop_on_eof: bool,
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
    name: "udp-server",
    about: "answers every datagram with its ASCII upper case",
    operands: &[Operand {
        name: "ENDPOINT",
        default: Some("127.0.0.1:8080"),
        rest: false,
        help: "host[:port] or [v6][:port]; port 0 takes a free one",
        set: |o, v| cli::udp_endpoint(v, 8080).map(|e| o.endpoint = e),
    }],
    groups: &[
        Group {
            title: "Limits",
            flags: &[
                Flag::value(
                    "recv-size",
                    "SIZE",
                    "keep this much of a datagram and report the loss; the Python lesson has 1024, \
                     and reports nothing",
                    |o: &mut Options, v| {
                        cli::size(v, 1..=MAX_DATAGRAM as u64).map(|n| o.recv_size = n as usize)
                    },
                )
                .default("65507"),
                Flag::switch(
                    "allow-remote",
                    "serve an address that other machines can reach; a sender can be forged, \
                     and the answers then go there",
                    |o: &mut Options| o.allow_remote = true,
                ),
            ],
        },
        Group {
            title: "Stopping",
            flags: &[Flag::switch(
                "stop-on-eof",
                "when stdin ends: show the counters, exit 0; queued datagrams are lost",
                |o: &mut Options| o.stop_on_eof = true,
            )],
        },
        cli::logging(),
    ],
    examples: &[
        Example {
            line: "udp-server",
            what: "serve this machine on port 8080",
        },
        Example {
            line: "udp-server --trace --recv-size 1024 127.0.0.1:9000",
            what: "watch what the Python lesson's recvfrom(1024) loses",
        },
        Example {
            line: "udp-server --allow-remote 0.0.0.0:8080",
            what: "serve other machines, too",
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
