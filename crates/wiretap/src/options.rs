//! The command line of `wiretap`.

use std::net::SocketAddr;
use std::path::PathBuf;

use proto::cli::{self, Example, Failure, Flag, Group, Log, Operand, Tool};
use proto::net::Endpoint;

use crate::bend::{self, Bend, Line, OF_CONNECTIONS, OF_DATAGRAMS};
use crate::decode::Language;

/// The options.
#[derive(Debug, Default)]
pub struct Options {
    /// The endpoint that clients connect to.
    pub listen: Endpoint,
    /// The server that clients are forwarded to.
    pub target: Endpoint,
    /// Whether datagrams are forwarded instead of connections.
    pub udp: bool,
    /// How the line is bent.
    pub line: Line,
    /// The protocol that the bytes are decoded as.
    pub decode: Option<Language>,
    /// The file that every event is written to.
    pub record: Option<PathBuf>,
    /// The recorded file to show instead of conversations.
    pub replay: Option<PathBuf>,
    /// The file that the picture is written to.
    pub svg: Option<PathBuf>,
    /// The number of conversations after which wiretap ends.
    pub connections: Option<u64>,
    /// Whether other machines may take part.
    pub allow_remote: bool,
    /// Whether the end of stdin ends wiretap.
    pub stop_on_eof: bool,
    /// The log.
    pub log: Log,
}

impl Options {
    /// Refuses flags that would have no effect, and addresses on other machines without
    /// `--allow-remote`.
    pub fn check(&self) -> Result<(), Failure> {
        let is_replay = self.replay.is_some();
        let useless = [
            ("udp", self.udp),
            ("decode", self.decode.is_some()),
            ("connections", self.connections.is_some()),
            ("allow-remote", self.allow_remote),
            ("seed", self.line.seed != 1),
            ("record", self.record.is_some()),
        ];
        let useless = useless.iter().find(|flag| is_replay && flag.1);
        let idle = self.line.idle_setting(self.useful());
        if let Some(name) = idle.or(useless.map(|flag| flag.0)) {
            let why = match (is_replay, self.udp) {
                (true, _) => "does nothing with --replay",
                (false, true) => "does nothing with --udp",
                (false, false) => "needs --udp",
            };
            return Err(Failure::usage(format!("--{name} {why}")));
        }
        if self.svg.is_some() && [&self.record, &self.replay].contains(&&self.svg) {
            return Err(Failure::usage("--svg would replace the record"));
        }
        for (what, endpoint) in [("LISTEN", &self.listen), ("TARGET", &self.target)] {
            if self.udp {
                cli::udp_endpoint(endpoint.to_string().as_ref(), 1).map_err(Failure::usage)?;
            }
            if !self.allow_remote && !endpoint.is_local()? {
                return Err(Failure::new(format!(
                    "{what} {endpoint} is not a loopback address; add --allow-remote to use it"
                )));
            }
        }
        if self.is_circle() {
            return Err(Failure::usage("LISTEN and TARGET are the same"));
        }
        Ok(())
    }

    /// Whether wiretap would forward to itself.
    fn is_circle(&self) -> bool {
        let addresses = |endpoint: &Endpoint| endpoint.resolve().unwrap_or_default();
        let targets = addresses(&self.target);
        let is_target = |ours: &SocketAddr| {
            targets.iter().any(|target| {
                let [our, their] = [ours, target].map(|address| address.ip().to_canonical());
                let is_any = our.is_unspecified() && their.is_loopback() || their.is_unspecified();
                ours.port() == target.port() && (our == their || is_any)
            })
        };
        self.listen == self.target || addresses(&self.listen).iter().any(is_target)
    }

    /// The settings of the line that apply to this traffic; none to a recorded file.
    pub const fn useful(&self) -> &'static [Bend] {
        match (&self.replay, self.udp) {
            (Some(_), _) => &[],
            (None, true) => OF_DATAGRAMS,
            (None, false) => OF_CONNECTIONS,
        }
    }
}

/// A flag that bends the line.
macro_rules! bend {
    ($bend:ident, $value:literal, $help:literal) => {
        Flag::value(bend::$bend.1, $value, $help, |o, v| {
            o.line.set_flag(bend::$bend, v)
        })
    };
}

/// A flag without a value.
macro_rules! switch {
    ($name:literal, $help:literal, $($field:ident).+) => {
        Flag::switch($name, $help, |o| o.$($field).+ = true)
    };
}

/// A flag that names a file.
macro_rules! path {
    ($name:literal, $help:literal, $field:ident) => {
        Flag::value($name, "FILE", $help, |o, v| {
            o.$field = Some(v.into());
            Ok(())
        })
    };
}

/// The table of flags.
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
            help: "the server that the clients are forwarded to",
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
                switch!("udp", "datagrams instead of connections", udp),
                Flag::value(
                    "decode",
                    "NAME",
                    "show the fields of length, header, session or lines",
                    |o, v| cli::choice(v, Language::WORDS).map(|l| o.decode = Some(l)),
                ),
                Flag::value("connections", "N", "end after N conversations", |o, v| {
                    cli::count(v, 1..=1_000_000).map(|n| o.connections = Some(n as u64))
                }),
                switch!("allow-remote", "let other machines take part", allow_remote),
                switch!("stop-on-eof", "end when stdin ends", stop_on_eof),
            ],
        },
        Group {
            title: "Bending the line (client:N, server:N: what one side sends)",
            flags: &[
                bend!(CHOP, "N", "at most N bytes a send"),
                bend!(HOLD, "TIME", "gather for TIME, then send as one"),
                bend!(DELAY, "TIME", "all bytes arrive TIME later"),
                bend!(JITTER, "TIME", "add a random delay of up to TIME"),
                bend!(RATE, "N/s", "N bytes a second"),
                bend!(CLOSE, "N", "close the connection after N bytes"),
                bend!(RESET, "N", "reset the connection after N bytes"),
                bend!(STALL, "N", "forward nothing after N bytes"),
                bend!(DROP, "P", "lose P percent of the datagrams"),
                bend!(DUPLICATE, "P", "send P percent of the datagrams twice"),
                bend!(REORDER, "P", "let the next overtake P percent of them"),
                Flag::value(
                    "seed",
                    "N",
                    "the same N drops the same datagrams in every run",
                    |o: &mut Options, v| {
                        cli::count(v, 0..=usize::MAX).map(|n| o.line.seed = n as u64)
                    },
                )
                .default("1"),
            ],
        },
        Group {
            title: "Recording",
            flags: &[
                path!("record", "a new file for each event, as JSON", record),
                path!("replay", "show a recorded file instead", replay),
                path!("svg", "draw the picture after each conversation", svg),
            ],
        },
        Group {
            title: "Logging",
            flags: &[switch!(
                "quiet",
                "only warnings and errors on stderr",
                log.quiet
            )],
        },
    ],
    examples: &[
        Example {
            line: "wiretap",
            what: "forward from port 8081, where clients connect, to the server at 8080",
        },
        Example {
            line: "wiretap --chop 1 127.0.0.1:9001 127.0.0.1:9000",
            what: "find a recv that takes a part for the whole message",
        },
        Example {
            line: "wiretap --udp --drop 20 --seed 7",
            what: "lose a fifth of the datagrams, the same ones every time",
        },
        Example {
            line: "wiretap --record talk.jsonl --svg talk.svg --connections 1",
            what: "record one conversation and draw its picture",
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
