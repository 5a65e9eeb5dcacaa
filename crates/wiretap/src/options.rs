//! The command line of `wiretap`.

use std::path::PathBuf;

use proto::cli::{self, Example, Failure, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;

use crate::bend::{Line, Traffic};
use crate::decode::Language;

/// Everything that can be set.
#[derive(Debug, Default)]
pub struct Options {
    /// Where clients are awaited.
    pub listen: Endpoint,
    /// The server that they are handed on to.
    pub target: Endpoint,
    /// Connections, datagrams, or what was recorded.
    pub traffic: Traffic,
    /// How the line is bent.
    pub line: Line,
    /// What the bytes are read as.
    pub decode: Option<Language>,
    /// Where every event is written.
    pub record: Option<PathBuf>,
    /// The recorded file that is shown instead of conversations.
    pub replay: Option<PathBuf>,
    /// Where the picture is written.
    pub svg: Option<PathBuf>,
    /// After how many conversations wiretap ends, 0 for never.
    pub connections: u64,
    /// Whether other machines may take part.
    pub allow_remote: bool,
    /// Whether the end of stdin ends wiretap.
    pub stop_on_eof: bool,
    /// What is logged.
    pub log: Log,
}

impl Options {
    /// Refuses addresses through which other machines could take part, unless that was asked for, and
    /// settings that would do nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, and the remedy.
    pub fn check(&self) -> Result<(), Failure> {
        let is_udp = matches!(self.traffic, Traffic::Datagrams);
        for (what, endpoint) in [("LISTEN", &self.listen), ("TARGET", &self.target)] {
            if is_udp {
                cli::udp_endpoint(endpoint.to_string().as_ref(), 1).map_err(Failure::usage)?;
            }
            if !self.allow_remote && !endpoint.is_local()? {
                return Err(Failure::new(format!(
                    "{what} {endpoint} is not on this machine alone; add --allow-remote if you want that"
                )));
            }
        }
        match self.line.idle_setting(self.traffic) {
            Some(name) if is_udp => {
                Err(Failure::usage(format!("--{name} does nothing with --udp")))
            }
            Some(name) => Err(Failure::usage(format!("--{name} needs --udp"))),
            None => Ok(()),
        }
    }
}

/// A flag that bends the line.
macro_rules! bend {
    ($name:literal, $value:literal, $help:literal) => {
        Flag::value($name, $value, $help, |o: &mut Options, v| {
            o.line.set_flag($name, v)
        })
    };
}

/// A flag without a value.
macro_rules! switch {
    ($name:literal, $help:literal, $($field:ident).+ = $value:expr) => {
        Flag::switch($name, $help, |o: &mut Options| o.$($field).+ = $value)
    };
}

/// A flag that names a file.
macro_rules! path {
    ($name:literal, $help:literal, $field:ident) => {
        Flag::value($name, "FILE", $help, |o: &mut Options, v| {
            o.$field = Some(v.into());
            Ok(())
        })
    };
}

/// The table.
pub const TOOL: Tool<Options> = Tool {
    name: "wiretap",
    about: "shows a conversation as it happens, and bends the line",
    operands: &[
        Operand {
            name: "LISTEN",
            default: Some("127.0.0.1:8081"),
            rest: false,
            help: "where clients connect: host:port or unix:PATH",
            set: |o, v| cli::endpoint(v, 8081).map(|e| o.listen = e),
        },
        Operand {
            name: "TARGET",
            default: Some("127.0.0.1:8080"),
            rest: false,
            help: "the server that they are to reach",
            set: |o, v| {
                cli::endpoint(v, 8080)
                    .and_then(cli::real_port)
                    .map(|e| o.target = e)
            },
        },
    ],
    groups: &[
        Group {
            title: "Conversations",
            flags: &[
                switch!(
                    "udp",
                    "datagrams instead of connections",
                    traffic = Traffic::Datagrams
                ),
                Flag::value(
                    "decode",
                    "NAME",
                    "show the fields of length, header, session or lines",
                    |o: &mut Options, v| {
                        cli::choice(v, Language::WORDS).map(|l| o.decode = Some(l))
                    },
                ),
                Flag::value(
                    "connections",
                    "N",
                    "end after N conversations",
                    |o: &mut Options, v| {
                        cli::count(v, 1..=1_000_000).map(|n| o.connections = n as u64)
                    },
                ),
                switch!(
                    "allow-remote",
                    "let other machines take part",
                    allow_remote = true
                ),
                switch!("stop-on-eof", "end when stdin ends", stop_on_eof = true),
            ],
        },
        Group {
            title: "Bending the line (client:N, server:N: what one side sends)",
            flags: &[
                bend!("chop", "N", "at most N bytes a send"),
                bend!("hold", "TIME", "gather for TIME, then send as one"),
                bend!("delay", "TIME", "everything arrives TIME later"),
                bend!("jitter", "TIME", "and later by a random part of TIME"),
                bend!("rate", "N/s", "N bytes a second"),
                bend!("close-after", "N", "close the connection after N bytes"),
                bend!("reset-after", "N", "reset the connection after N bytes"),
                bend!("stall-after", "N", "hand nothing on after N bytes"),
                bend!("drop", "P", "lose P percent of the datagrams"),
                bend!("duplicate", "P", "send P percent of the datagrams twice"),
                bend!("reorder", "P", "let the next overtake P percent of them"),
                Flag::value(
                    "seed",
                    "N",
                    "the same N, the same fate of the n-th datagram",
                    |o: &mut Options, v| {
                        cli::count(v, 0..=usize::MAX).map(|n| o.line.seed = n as u64)
                    },
                )
                .default("1"),
            ],
        },
        Group {
            title: "Keeping it",
            flags: &[
                path!("record", "a new file for each event, as JSON", record),
                path!("replay", "show a recorded file instead", replay),
                path!("svg", "draw the picture after each conversation", svg),
            ],
        },
        Group {
            title: "Logging",
            flags: &[switch!("quiet", "only errors on stderr", log.quiet = true)],
        },
    ],
    examples: &[
        Example {
            line: "wiretap",
            what: "stand before the server at port 8080; clients connect to 8081",
        },
        Example {
            line: "wiretap --chop 1 127.0.0.1:9001 127.0.0.1:9000",
            what: "find a recv that takes a part for the whole",
        },
        Example {
            line: "wiretap --udp --drop 20 --seed 7",
            what: "lose a fifth of the datagrams, the same ones every time",
        },
        Example {
            line: "wiretap --record talk.jsonl --svg talk.svg --connections 1",
            what: "keep one conversation, and its picture",
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
