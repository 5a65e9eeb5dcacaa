//! The command line of `wiretap`.

use std::ffi::OsStr;
use std::path::PathBuf;

use proto::cli::{self, Failure, Log, Tool};
use proto::net::Endpoint;

use crate::bend::{Bend, Line, OF_CONNECTIONS, OF_DATAGRAMS};
use crate::decode::{LANGUAGES, Language};

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
    /// Refuses addresses that other machines can reach, unless `--allow-remote` was given.
    pub fn check_reach(&self) -> Result<(), Failure> {
        for (what, endpoint) in [("LISTEN", &self.listen), ("TARGET", &self.target)] {
            if !self.allow_remote && !endpoint.is_local()? {
                return Err(Failure::new(format!(
                    "{what} {endpoint} is not a loopback address; add --allow-remote to use it"
                )));
            }
        }
        Ok(())
    }

    /// The settings of the line that apply to this traffic, and why others do not.
    pub const fn bends(&self) -> (&'static [Bend], &'static str) {
        match (&self.replay, self.udp) {
            (Some(_), _) => (&[], "does nothing with --replay"),
            (None, true) => (OF_DATAGRAMS, "does nothing with --udp"),
            (None, false) => (OF_CONNECTIONS, "needs --udp"),
        }
    }
}

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    check: Some(check),
    ..Tool::new("wiretap", &[HELP], set)
};

const HELP: &str = "\
wiretap: shows a conversation as it happens, and bends the line

Usage: wiretap [OPTIONS] [LISTEN [TARGET]]

  LISTEN                    where clients connect: host:port or unix:PATH
                            [127.0.0.1:8081]
  TARGET                    the server that the clients are forwarded to
                            [127.0.0.1:8080]

Conversations:
  --udp                     datagrams instead of connections
  --decode NAME             show the fields of length, header, session or lines
  --connections N           end after N conversations
  --allow-remote            let other machines take part
  --stop-on-eof             end when stdin ends

Bending the line (client:N, server:N: what one side sends):
  --chop N                  at most N bytes a send
  --hold TIME               gather for TIME, then send as one
  --delay TIME              all bytes arrive TIME later
  --jitter TIME             add a random delay of up to TIME
  --rate N/s                N bytes a second
  --close-after N           close the connection after N bytes
  --reset-after N           reset the connection after N bytes
  --stall-after N           forward nothing after N bytes
  --drop P                  lose P percent of the datagrams
  --duplicate P             send P percent of the datagrams twice
  --reorder P               let the next overtake P percent of them
  --seed N                  the same N drops the same datagrams in every run [1]

Recording:
  --record FILE             a new file for each event, as JSON
  --replay FILE             show a recorded file instead
  --svg FILE                draw the picture after each conversation

Logging:
  --quiet                   only warnings and errors on stderr
";

const EXAMPLES: &str = "
Examples:
  wiretap
      forward from port 8081, where clients connect, to the server at 8080
  wiretap --chop 1 127.0.0.1:9001 127.0.0.1:9000
      find a recv that takes a part for the whole message
  wiretap --udp --drop 20 --seed 7
      lose a fifth of the datagrams, the same ones every time
  wiretap --record talk.jsonl --svg talk.svg --connections 1
      record one conversation and draw its picture
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "LISTEN" => o.listen = cli::endpoint(v, 8081)?,
        "TARGET" => o.target = cli::endpoint(v, 8080).and_then(cli::real_port)?,
        "--udp" => o.udp = true,
        "--decode" => o.decode = Some(cli::choice(v, LANGUAGES)?),
        "--connections" => o.connections = Some(cli::count(v, 1..=1_000_000)? as u64),
        "--allow-remote" => o.allow_remote = true,
        "--stop-on-eof" => o.stop_on_eof = true,
        "--seed" => o.line.seed = cli::count(v, 0..=usize::MAX)? as u64,
        "--record" => o.record = Some(v.into()),
        "--replay" => o.replay = Some(v.into()),
        "--svg" => o.svg = Some(v.into()),
        _ => match Bend::named(name) {
            Some(bend) => o.line.set(bend, v)?,
            None => o.log.set(name),
        },
    }
    Ok(())
}

/// The flags that have an effect with `--replay`.
const WITH_REPLAY: &[&str] = &["--replay", "--svg", "--stop-on-eof", "--quiet"];

/// Refuses flags and operands that would have no effect, and files and endpoints that would clash.
fn check(o: &Options, given: &[&str]) -> Result<(), String> {
    let (useful, why) = o.bends();
    let is_useless = |name: &&&str| match Bend::named(name) {
        Some(bend) => !useful.contains(&bend),
        None => o.replay.is_some() && !WITH_REPLAY.contains(name),
    };
    if let Some(name) = given.iter().find(is_useless) {
        return Err(format!("{name} {why}"));
    }
    if o.svg.is_some() && [&o.record, &o.replay].contains(&&o.svg) {
        return Err("--svg would replace the record".into());
    }
    for endpoint in [&o.listen, &o.target] {
        if o.udp {
            cli::udp_endpoint(endpoint.to_string().as_ref(), 1)?;
        }
    }
    match o.target.leads_to(&o.listen) {
        true => Err("LISTEN and TARGET are the same".into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_text_is_valid() {
        super::TOOL.debug_assert();
    }
}
