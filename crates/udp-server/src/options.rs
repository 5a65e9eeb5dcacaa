//! The command line of `udp-server`.

use std::ffi::OsStr;

use proto::cli::{self, Log, Tool};
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

/// The command line.
pub const TOOL: Tool<Options> = Tool {
    examples: EXAMPLES,
    ..Tool::new("udp-server", &[HELP, cli::LOGGING], set)
};

const HELP: &str = "\
udp-server: answers every datagram with its ASCII upper case

Usage: udp-server [OPTIONS] [ENDPOINT]

  ENDPOINT                  host[:port] or [v6][:port]; port 0 takes a free one
                            [127.0.0.1:8080]

Limits:
  --recv-size SIZE          keep this much of a datagram and report the loss;
                            the Python lesson has 1024, and reports nothing
                            [65507]
  --allow-remote            serve an address that other machines can reach; a
                            sender can be forged, and the answers then go there

Stopping:
  --stop-on-eof             when stdin ends: show the counters, exit 0; queued
                            datagrams are lost
";

const EXAMPLES: &str = "
Examples:
  udp-server
      serve this machine on port 8080
  udp-server --trace --recv-size 1024 127.0.0.1:9000
      watch what the Python lesson's recvfrom(1024) loses
  udp-server --allow-remote 0.0.0.0:8080
      serve other machines, too
";

fn set(o: &mut Options, name: &str, v: &OsStr) -> Result<(), String> {
    match name {
        "ENDPOINT" => o.endpoint = cli::udp_endpoint(v, 8080)?,
        "--recv-size" => o.recv_size = cli::size(v, 1..=MAX_DATAGRAM as u64)? as usize,
        "--allow-remote" => o.allow_remote = true,
        "--stop-on-eof" => o.stop_on_eof = true,
        _ => o.log.set(name),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_text_is_valid() {
        super::TOOL.debug_assert();
    }
}
